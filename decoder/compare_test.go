package decoder_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/sluice/decoder"
)

// TestCompareOrdersLikeNumbers compares all pairs of numbers that are hard to
// tell apart, and many at random, with math/big.
func TestCompareOrdersLikeNumbers(t *testing.T) {
	numbers := []string{
		"0", "00", "1", "01", "0001", "9", "10", "11", "99", "099", "100",
		"0000000000000000000000000000000000000000000000000000000000000001",
		"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
		"018446744073709551616",
		"49658471032915763208146092357481206394817562039485716482",
		"49658471032915763208146092357481206394817562039485716483",
		"049658471032915763208146092357481206394817562039485716482",
		"59658471032915763208146092357481206394817562039485716482",
		"4965847103291576320814609235748120639481756203948571648",
		"496584710329157632081460923574812063948175620394857164820",
		strings.Repeat("9", 56), "1" + strings.Repeat("0", 56), strings.Repeat("9", 300),
		"1" + strings.Repeat("0", 300),
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		n := make([]byte, 1+r.IntN(70))
		for i := range n {
			n[i] = '0' + byte(r.IntN(10))
		}
		numbers = append(numbers, string(n))
	}
	for _, a := range numbers {
		for _, b := range numbers {
			x, _ := new(big.Int).SetString(a, 10)
			y, _ := new(big.Int).SetString(b, 10)
			if got := decoder.CompareSequenceNumbers([]byte(a), []byte(b)); got != x.Cmp(y) {
				t.Errorf("Compare(%s, %s) = %d, want %d", a, b, got, x.Cmp(y))
			}
		}
	}
}

// TestCompareOrdersOtherText asserts that what is no number is ordered as well,
// the same way from either side.
func TestCompareOrdersOtherText(t *testing.T) {
	texts := []string{"", "0", "a", "b", "abc", "-1", "1.5", "shardId", "\xff", "0x1"}
	for _, a := range texts {
		for _, b := range texts {
			ab, ba := decoder.CompareSequenceNumbers([]byte(a),
				[]byte(b)), decoder.CompareSequenceNumbers([]byte(b), []byte(a))
			if ab != -ba || a == b && ab != 0 {
				t.Errorf("Compare(%q, %q) = %d, and %d the other way round", a, b, ab, ba)
			}
		}
	}
	sorted := slices.Clone(texts)
	slices.SortFunc(sorted, func(a, b string) int { return decoder.CompareSequenceNumbers([]byte(a), []byte(b)) })
	if !slices.IsSortedFunc(sorted, func(a, b string) int {
		return decoder.CompareSequenceNumbers([]byte(a), []byte(b))
	}) {
		t.Errorf("the order is none: %q", sorted)
	}
	if decoder.CompareSequenceNumbers(nil, []byte("0")) != 0 || decoder.CompareSequenceNumbers(nil, []byte("1")) != -1 {
		t.Error("no number is not 0")
	}
}
