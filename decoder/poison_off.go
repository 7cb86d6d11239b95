//go:build !race && !poison

package decoder

const poison = false
