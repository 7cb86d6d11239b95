package jsonscan

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestUnescaped: what a string means is what encoding/json takes it for.
func TestUnescaped(t *testing.T) {
	pieces := []string{
		"a", "é", `\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0061`, `\u00e9`, `\uFFFD`, `\u0000`,
		`\ud83d`, `\ude00`, `\ud83d\ude00`, `\uDBFF\uDFFF`, `\ud800\u0061`, `\ud800\n`, `\ud800\ud800\udc00`, `u0061`,
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		var b strings.Builder
		for range random.IntN(6) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		raw := b.String()
		var want string
		if err := json.Unmarshal([]byte(`"`+raw+`"`), &want); err != nil {
			t.Fatal(err)
		}
		if got := string(Unescaped([]byte(raw))); got != want {
			t.Fatalf("%s is %q, want %q", raw, got, want)
		}
	}
}
