//go:build !purego

#include "textflag.h"

// This file decodes base64 with AVX2, 32 characters at a time, after Mula and
// Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (ACM
// Transactions on the Web 12(3), 2018). Unlike theirs it leaves no rest: the last
// block ends where the text ends, and overlaps the one before if need be. Faults
// are collected, and looked at once.
//
// Why it stays inside its memory: a block of the loop begins at least one quad
// before the last block does. So its 32 characters lie within the text, and the
// 28 bytes that it writes end at most one byte behind the last block's 24, for
// which the caller has room. The last block writes its 24 bytes exactly.

// By the low and by the high nibble of a character: bits that have one in common
// where it is not in the alphabet.
DATA lowNibble<>+0(SB)/8, $0x1111111111111115
DATA lowNibble<>+8(SB)/8, $0x1a1b1b1b1a131111
GLOBL lowNibble<>(SB), RODATA|NOPTR, $16
DATA highNibble<>+0(SB)/8, $0x0804080402011010
DATA highNibble<>+8(SB)/8, $0x1010101010101010
GLOBL highNibble<>(SB), RODATA|NOPTR, $16

// What to add to a character for its value, by the high nibble, which is one less
// for '/': 16, 19, 4, -65, -65, -71, -71.
DATA toValue<>+0(SB)/8, $0xb9b9bfbf04131000
DATA toValue<>+8(SB)/8, $0
GLOBL toValue<>(SB), RODATA|NOPTR, $16

// The order of the bytes, from three in each four.
DATA order<>+0(SB)/8, $0x090a040506000102
DATA order<>+8(SB)/8, $0xffffffff0c0d0e08
GLOBL order<>(SB), RODATA|NOPTR, $16

DATA pairs<>+0(SB)/4, $0x01400140
GLOBL pairs<>(SB), RODATA|NOPTR, $4
DATA quads<>+0(SB)/4, $0x00011000
GLOBL quads<>(SB), RODATA|NOPTR, $4
DATA slash<>+0(SB)/4, $0x2f2f2f2f
GLOBL slash<>(SB), RODATA|NOPTR, $4

// BLOCK decodes the 32 characters at src to twelve bytes in each half of Y0, and
// collects in Y8 what is not in the alphabet. The slash in Y9 is as good a mask
// for nibbles as 0x0f: VPSHUFB looks at the low four bits of an index, and at the
// highest.
//mutant:the-last-block-alone-is-verified
#define BLOCK(src) \
	VMOVDQU    (src), Y0       \
	VPSRLD     $4, Y0, Y1      \
	VPAND      Y9, Y1, Y1      \
	VPAND      Y9, Y0, Y2      \
	VPSHUFB    Y1, Y11, Y3     \
	VPSHUFB    Y2, Y10, Y2     \
	VPAND      Y2, Y3, Y3      \
	VPOR       Y3, Y8, Y8      \
	VPCMPEQB   Y9, Y0, Y2      \
	VPADDB     Y2, Y1, Y1      \
	VPSHUFB    Y1, Y12, Y1     \
	VPADDB     Y1, Y0, Y0      \
	VPMADDUBSW Y13, Y0, Y0     \
	VPMADDWD   Y14, Y0, Y0     \
	VPSHUFB    Y15, Y0, Y0

// func decodeBlocks(dst, src *byte, n int) bool
TEXT ·decodeBlocks(SB), NOSPLIT, $0-25
	MOVQ           dst+0(FP), DI
	MOVQ           src+8(FP), SI
	MOVQ           n+16(FP), CX
	VPBROADCASTD   slash<>(SB), Y9
	VBROADCASTI128 lowNibble<>(SB), Y10
	VBROADCASTI128 highNibble<>(SB), Y11
	VBROADCASTI128 toValue<>(SB), Y12
	VPBROADCASTD   pairs<>(SB), Y13
	VPBROADCASTD   quads<>(SB), Y14
	VBROADCASTI128 order<>(SB), Y15
	VPXOR          Y8, Y8, Y8

	// The last block, of which the one before may have a part, and where its bytes go.
	LEAQ -32(SI)(CX*1), R8 //mutant:the-last-block-is-not-decoded-again
	SHRQ $2, CX
	LEAQ (CX)(CX*2), CX
	LEAQ -24(DI)(CX*1), R9
	CMPQ SI, R8
	JAE  last

loop:
	BLOCK(SI)
	VMOVDQU      X0, (DI)
	VEXTRACTI128 $1, Y0, 12(DI) // four bytes too many, which the next block overwrites
	ADDQ         $32, SI
	ADDQ         $24, DI
	CMPQ         SI, R8
	JB           loop

last:
	BLOCK(R8)
	VEXTRACTI128 $1, Y0, X1
	VMOVDQU      X0, (R9)
	VMOVQ        X1, 12(R9)
	VPEXTRD      $2, X1, 20(R9)
	VPTEST       Y8, Y8
	SETEQ        ret+24(FP)
	VZEROUPPER
	RET
