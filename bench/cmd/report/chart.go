package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The chart of the README: a panel for each of a few shapes of event, in it a
// dot for each contender on a logarithmic scale. There is one for pages with a
// light background and one for dark ones.

// panels are the shapes in the chart, in reading order, and their titles.
var panels = []struct{ shape, title string }{
	{"100x256B", "100 records of 256 B"},
	{"7500x200B", "7500 records of 200 B (6 MB)"},
	{"1000x1KiB", "1000 records of 1 KiB"},
	{"1x1MiB", "1 record of 1 MiB"},
}

// shown are the contenders in the chart. The floor is drawn as a line.
var shown = []contender{
	{ours, "sluice"},
	{"fastjson", "fastjson"},
	{"simdjson-go", "simdjson-go"},
	{"sonic", "sonic"},
	{"segmentio", "segmentio/encoding"},
	{"easyjson", "easyjson"},
	{"jsonparser", "jsonparser"},
	{"goccy", "goccy/go-json"},
	{"jsoniter", "json-iterator"},
	{"gjson", "gjson"},
	{"go-json-experiment", "go-json-experiment"},
	{"encoding-json", "encoding/json"},
}

type contender struct{ name, label string }

// ranked returns the contenders, fastest first, by the geometric mean over the
// panels.
func ranked(op *operation) []contender {
	mean := func(c contender) (m float64) {
		for _, panel := range panels {
			value, _ := op.shape(panel.shape).median(c.name, "ns/record")
			m += math.Log(value)
		}
		return m
	}
	return slices.SortedFunc(slices.Values(shown), func(a, b contender) int { return cmp.Compare(mean(a), mean(b)) })
}

// theme is the colours of a chart on the background of its page.
type theme struct {
	name                       string
	text, line, dot, own, base color.Color
}

func rgb(hex uint32) color.Color {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

var themes = []theme{
	{"light", rgb(0x1f2328), rgb(0xd1d9e0), rgb(0x59636e), rgb(0x0969da), rgb(0xbc4c00)},
	{"dark", rgb(0xf0f6fc), rgb(0x3d444d), rgb(0x9198a1), rgb(0x4493f8), rgb(0xf0883e)},
}

const (
	chartWidth  = 900 * vg.Length(0.75) // of pixels, in points
	chartHeight = 640 * vg.Length(0.75)
	textSize    = 9
)

// drawCharts writes decode-light.svg and decode-dark.svg.
func drawCharts(dir string, res *results) error {
	for _, th := range themes {
		svg, err := drawChart(res, th)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "decode-"+th.name+".svg"), svg, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func drawChart(res *results, th theme) ([]byte, error) {
	canvas := vgsvg.New(chartWidth, chartHeight)
	dc := draw.New(canvas)
	title := th.style(11)
	title.XAlign, title.YAlign = draw.XLeft, draw.YTop
	dc.FillText(title, vg.Point{X: 4, Y: chartHeight - 4},
		"Time to read a record, every field, data decoded (logarithmic; less is better)")
	note := th.style(8)
	note.Color, note.XAlign, note.YAlign = th.base, draw.XRight, draw.YTop
	dc.FillText(note, vg.Point{X: chartWidth - 8, Y: chartHeight - 6},
		"dashed: copying the event and decoding its base64 takes this alone")

	tiles := draw.Tiles{Rows: 2, Cols: 2, PadX: 14, PadY: 30, PadTop: 46, PadBottom: 2, PadLeft: 2, PadRight: 10}
	rank := ranked(res.operation("Decode"))
	grid := make([][]*plot.Plot, tiles.Rows)
	for i, panel := range panels {
		p, err := drawPanel(res.operation("Decode").shape(panel.shape), panel.title, rank, i%tiles.Cols == 0, th)
		if err != nil {
			return nil, err
		}
		grid[i/tiles.Cols] = append(grid[i/tiles.Cols], p)
	}
	for i, row := range plot.Align(grid, tiles, dc) {
		for j, cell := range row {
			grid[i][j].Draw(cell)
		}
	}
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	return withFallbackFonts(out.Bytes()), nil
}

// drawPanel makes the panel of one shape.
func drawPanel(s *shapeResult, title string, rank []contender, named bool, th theme) (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.TickerFunc(decades)
	p.X.Tick.Label, p.X.LineStyle.Color, p.X.Tick.LineStyle.Color = th.style(8), th.line, th.line
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XCenter, draw.YTop
	p.Y.Tick.Label, p.Y.LineStyle.Width, p.Y.Tick.LineStyle.Width, p.Y.Tick.Length = th.style(textSize), 0, 0, 0
	p.Y.Tick.Label.XAlign, p.Y.Tick.Label.YAlign = draw.XRight, draw.YCenter

	least, most := math.Inf(1), 0.0
	var names []plot.Tick
	rows := &dots{theme: th, title: title}
	for i, c := range rank {
		y := float64(len(rank) - 1 - i)
		label := c.label
		if !named {
			label = ""
		}
		names = append(names, plot.Tick{Value: y, Label: label})
		if value, found := s.median(c.name, "ns/record"); found {
			rows.points = append(rows.points, dot{value, y, c.name == ours})
			least, most = min(least, value), max(most, value)
		}
	}
	if rows.points == nil {
		return nil, fmt.Errorf("nothing was measured of %s", s.name)
	}
	if rows.floor, _ = s.median("floor", "ns/record"); rows.floor > 0 {
		least = min(least, rows.floor)
	}
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	p.Y.Min, p.Y.Max = -0.6, float64(len(rank))-0.4
	p.X.Min, p.X.Max = least/3, most*3 // room for the labels
	p.Add(rows)
	return p, nil
}

// dots draws each contender's dot and time, with a line across the panel, and a
// dashed line for the floor.
type dots struct {
	theme  theme
	title  string
	points []dot
	floor  float64
}

type dot struct {
	value, y float64
	own      bool
}

var _ plot.Plotter = (*dots)(nil)

// Plot implements plot.Plotter.
func (d *dots) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	title := d.theme.style(10)
	title.Font.Weight, title.YAlign = xfont.WeightBold, draw.YBottom
	c.FillText(title, vg.Point{X: c.Min.X, Y: c.Max.Y + 2}, d.title)
	guide := draw.LineStyle{Color: d.theme.line, Width: 0.5}
	if d.floor > 0 {
		c.StrokeLine2(draw.LineStyle{Color: d.theme.base, Width: 1, Dashes: []vg.Length{3, 2}}, toX(d.floor), c.Min.Y,
			toX(d.floor), c.Max.Y)
	}
	for _, pt := range d.points {
		x, y := toX(pt.value), toY(pt.y)
		style := d.theme.style(8)
		style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
		glyph := draw.GlyphStyle{Color: d.theme.dot, Radius: 3, Shape: draw.CircleGlyph{}}
		if pt.own {
			style.Color, glyph.Color, glyph.Radius = d.theme.own, d.theme.own, 4
			style.Font.Weight = xfont.WeightBold
		}
		at := vg.Point{X: x + 6, Y: y + 1}
		if pt.value < d.floor { // the dashed line would go through it
			at.X, style.XAlign = x-6, draw.XRight
		} else {
			c.StrokeLine2(guide, c.Min.X, y, x, y)
		}
		c.DrawGlyph(glyph, vg.Point{X: x, Y: y})
		c.FillText(style, at, timeOf(pt.value))
	}
}

func (th theme) style(size vg.Length) text.Style {
	return text.Style{
		Color:   th.text,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: plot.DefaultTextHandler,
	}
}

// decades returns the ticks of an axis in nanoseconds.
func decades(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for v := 1.0; v <= most; v *= 10 {
		if v >= least {
			whole := strings.NewReplacer(".00", "", ".0", "").Replace(timeOf(v))
			ticks = append(ticks, plot.Tick{Value: v, Label: whole})
		}
	}
	return ticks
}

// timeOf writes nanoseconds in a suitable unit.
func timeOf(ns float64) string {
	units := []string{"ns", "µs", "ms", "s"}
	for len(units) > 1 && ns >= 999.5 {
		ns /= 1000
		units = units[1:]
	}
	return digits(ns) + " " + units[0]
}

// withFallbackFonts adds fonts that have the widths of the one that the text
// was set in.
func withFallbackFonts(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans"),
		[]byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif"))
}
