// Package widths holds lines to their width: comments to 80 columns, code to
// 120, with a tab as four.
package widths

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	root         = "../.."
	commentWidth = 80
	codeWidth    = 120
)

func TestWidths(t *testing.T) {
	cmd := exec.Command("git", "ls-files", "*.go")
	cmd.Dir = root
	list, err := cmd.Output()
	if err != nil {
		t.Skipf("not a clone: %v", err)
	}
	files := strings.Fields(string(list))
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		source, err := os.ReadFile(filepath.Join(root, file))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range tooWide(t, source) {
			t.Errorf("%s:%d is too wide", file, n)
		}
	}
}

// tooWide gives the numbers of the lines that are too wide, but for those that
// cannot be broken: what a string of backquotes holds, what an example prints,
// code in a comment, a single word.
func tooWide(t *testing.T, source []byte) (numbers []int) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if ast.IsGenerated(file) {
		return nil
	}
	fixed := make(map[int]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			first := fset.Position(literal.Pos()).Line
			for i := range strings.Count(literal.Value, "\n") {
				fixed[first+1+i] = true
			}
		}
		return true
	})
	for _, group := range file.Comments {
		output := false
		for _, c := range group.List {
			output = output || strings.HasPrefix(c.Text, "// Output:") ||
				strings.HasPrefix(c.Text, "// Unordered output:")
			if output {
				fixed[fset.Position(c.Pos()).Line] = true
			}
		}
	}
	for i, line := range strings.Split(string(source), "\n") {
		limit := codeWidth
		if comment, ok := strings.CutPrefix(strings.TrimSpace(line), "//"); ok && !strings.HasPrefix(comment, "\t") {
			limit = commentWidth
			fixed[i+1] = fixed[i+1] || len(strings.Fields(comment)) < 2
		}
		if utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")) > limit && !fixed[i+1] {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

func TestTooWide(t *testing.T) {
	source := strings.Join([]string{
		"// " + strings.Repeat("a ", 38) + "a", // 80
		"// " + strings.Repeat("a ", 38) + "ab",
		"// https://" + strings.Repeat("a", 80),
		"//\tcode " + strings.Repeat("a", 80),
		"package p",
		"var a = `",
		strings.Repeat("a", 121) + "`",
		"\tvar b = `" + strings.Repeat("a", 106) + "`", // 120
		"\tvar c = `" + strings.Repeat("a", 107) + "` // c",
		"// Output:",
		"// " + strings.Repeat("a ", 60),
	}, "\n")
	if got := tooWide(t, []byte(source)); !slices.Equal(got, []int{2, 9}) {
		t.Errorf("too wide: %v", got)
	}
}
