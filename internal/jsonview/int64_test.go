package jsonview_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"example.com/sluice/internal/jsonview"
)

// wholeOf returns what math/big makes of a number in the grammar of JSON.
func wholeOf(text string) (n int64, ok bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if exp, err := strconv.Atoi(exponent); exponent != "" && (err != nil || exp < -9999 || exp > 9999) {
		// No digits that fit into a test can make up for such an exponent, and
		// math/big would expand it.
		return 0, strings.Trim(mantissa, "-0.") == ""
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && json.Valid([]byte(text)) &&
		strings.TrimSpace(text) == text
}

func TestInt64(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "0.0": 0, "-0.000e9": 0, "0e999999999999999999999": 0, "0e-5": 0, "1": 1, "-1": -1,
		"1e3": 1000, "1E+3": 1000, "1e0": 1, "10e-1": 1,
		"1731924555370.0": 1731924555370, "1.73192455537E12": 1731924555370, "1731924555370000e-3": 1731924555370,
		"59.000": 59, "0.59e2": 59, "100.00": 100,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		"9.223372036854775807e18": math.MaxInt64, "-9.223372036854775808E+18": math.MinInt64,
		"9007199254740993": 9007199254740993, "9007199254740993.0": 9007199254740993, // which no float64 is
		"1" + strings.Repeat("0", 5000) + "e-5000": 1, "0." + strings.Repeat("0", 5000) + "1e5001": 1,
		"7." + strings.Repeat("0", 5000): 7,
		"1e00000000000000000000000003":   1000, "1e-00000000000000000000000000": 1,
	} {
		if got, ok := jsonview.Int64([]byte(text)); !ok || got != want {
			t.Errorf("%.60s is %d, %t, not %d", text, got, ok, want)
		}
		if oracle, ok := wholeOf(text); !isNumber(text) || !ok || oracle != want {
			t.Errorf("the test itself: %.60s is %d, %t, not %d", text, oracle, ok, want)
		}
	}
	for _, text := range []string{
		"1.5", "0.1", "1e-1", "-1.5e0", "15e-1", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
		"18446744073709551615", "1e19", "1e20",
		"1e999999999999999999999", "1e-999999999999999999999", "0." + strings.Repeat("0", 5000) + "1",
		"1" + strings.Repeat("0", 5000),
		"9223372036854775807.5", `"1"`, "true", "false", "null", "{}", "[]",
	} {
		if got, ok := jsonview.Int64([]byte(text)); ok {
			t.Errorf("%.60s is %d", text, got)
		}
	}
}

// TestSpellings reads whole numbers written in many ways.
func TestSpellings(t *testing.T) {
	for _, n := range []int64{
		0, 1, -1, 7, 10, 59, 1000, 1731924555370, 1731924555370042, -9007199254740993,
		math.MaxInt64, math.MinInt64, math.MaxInt64 - 7,
	} {
		digits, minus := strconv.FormatInt(n, 10), ""
		if n < 0 {
			digits, minus = digits[1:], "-"
		}
		for point := 1; point <= len(digits); point++ {
			for _, e := range []string{"e", "E", "e+", "E+0"} {
				text := fmt.Sprintf("%s%s.%s0%s%d", minus, digits[:point], digits[point:], e, len(digits)-point)
				if strings.HasPrefix(digits, "0") && point > 1 || !isNumber(text) {
					t.Fatalf("%s is no number", text)
				}
				if got, ok := jsonview.Int64([]byte(text)); !ok || got != n {
					t.Errorf("%s is %d, %t", text, got, ok)
				}
			}
		}
		for zeros := range 25 {
			text := fmt.Sprintf("%s%s%se-%d", minus, digits, strings.Repeat("0", zeros), zeros)
			if n == 0 && zeros > 0 {
				continue
			}
			if got, ok := jsonview.Int64([]byte(text)); !ok || got != n {
				t.Errorf("%s is %d, %t", text, got, ok)
			}
		}
	}
}

// FuzzInt64 compares Int64 with math/big.
func FuzzInt64(f *testing.F) {
	for _, text := range []string{
		"0", "-0.0e1", "1731924555370.0", "1.73192455537E12", "-9223372036854775808",
		"9223372036854775808", "1e-3", "1000e-3", "12.50e1", "1e400", "1e99999", "0e99999",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !isNumber(text) {
			return
		}
		want, whole := wholeOf(text)
		if got, ok := jsonview.Int64([]byte(text)); ok != whole || got != want {
			t.Errorf("%s is %d, %t, not %d, %t", text, got, ok, want, whole)
		}
	})
}
