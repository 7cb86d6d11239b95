package view

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
)

// This file prints for a terminal: aligned tables and histograms, as wide as
// the screen.

const (
	wide        = 140 // columns from which on sequence numbers are shown whole
	digitsShown = 12  // of them elsewhere: the last ones, which differ
	keyColumn   = 24  // most columns of a partition key, or a quarter of the screen
	barCells    = 40
	barLeast    = 16 // cells of a bar, where labels are long
)

type tableView struct {
	out    io.Writer
	screen screen.Screen
	most   int // rows of an event; 0 is all
	shown  int // events that have been shown

	// The event that is being read.
	name   string
	doc    *input.Document
	source *decoder.Source
	count  int
	rows   []row
	inside *decoder.Window
}

// row is the text of a record, before padding and colors.
type row struct {
	number, sequence, key, size, data string
	arrived                           time.Time
	bad                               bool
	inside                            []string // lines below
}

func (v *tableView) begin(name string, d *input.Document) {
	v.name, v.doc = name, d
	v.source, v.count, v.rows, v.inside = nil, 0, v.rows[:0], nil
}

func (v *tableView) record(rec *decoder.Record, inside *payload, bad error) {
	if v.source == nil {
		v.source = rec.Source
	}
	v.count++
	if v.most > 0 && len(v.rows) >= v.most {
		return
	}
	r := row{
		number:   position(rec),
		sequence: labelled("", string(rec.SequenceNumber)),
		key:      screen.Cell(rec.PartitionKey),
		size:     strconv.Itoa(len(rec.Data)),
		arrived:  rec.ApproximateArrivalTimestamp,
	}
	if v.screen.Width < wide && len(r.sequence) > digitsShown+3 {
		r.sequence = "..." + r.sequence[len(r.sequence)-digitsShown:]
	}
	switch {
	case bad != nil:
		r.bad, r.size, r.data = true, "-", "bad: see below"
	case inside != nil:
		most := payloadShown
		if v.most == 0 {
			most = 0
		}
		r.data, r.inside = screen.Printable(inside.title()), inside.rows(most)
	default:
		r.data = screen.DataCell(rec.Data)
	}
	v.rows = append(v.rows, r)
}

func (v *tableView) window(w *decoder.Window) { v.inside = w }

func (v *tableView) end(o outcome) {
	if v.shown++; v.shown > 1 {
		fmt.Fprintln(v.out)
	}
	title := screen.Printable(v.name)
	if v.doc.Part != "" {
		title += ", " + v.doc.Part
	}
	fmt.Fprintln(v.out, v.screen.Paint(screen.Bold, title))
	if v.doc.Form != "" {
		v.sentence("from " + v.doc.Form)
	}
	if b := v.doc.About; b != nil {
		how := "given up by Lambda"
		if b.Succeeded() {
			how = "done by its function"
		}
		how += labelled(": ", b.RequestContext.Condition)
		if n := b.Invocations(); n != "" {
			how += " after " + screen.Plural(n, "invocation")
		}
		v.sentence(how + labelled(", request ", b.RequestContext.RequestID))
	}
	day, one := v.day()
	if v.source != nil {
		fmt.Fprint(v.out, origin(v.source, ", "))
		if one {
			fmt.Fprintf(v.out, ", %s", day)
		}
		fmt.Fprintln(v.out)
	}
	if w := v.inside; w != nil {
		v.showWindow(w)
	}
	if len(v.rows) > 0 {
		layout := "2006-01-02 15:04:05.000"
		if one {
			layout = "15:04:05.000"
		}
		v.table(layout)
	}
	if hidden := v.count - len(v.rows); hidden > 0 {
		fmt.Fprintln(v.out, v.screen.Paint(screen.Faint,
			fmt.Sprintf("and %s more: -n 0 shows all", screen.Group(hidden))))
	}
	v.answer(o)
}

// sentence prints text in lines that fit the screen.
func (v *tableView) sentence(s string) {
	fmt.Fprintln(v.out, strings.Join(screen.Wrap(s, v.screen.Width), "\n"))
}

func (v *tableView) showWindow(w *decoder.Window) {
	fmt.Fprintf(v.out, "window %s to %s, %d bytes of state", moment(w.Start), moment(w.End), len(w.State))
	if w.IsFinalInvokeForWindow {
		fmt.Fprint(v.out, ", final invocation")
	}
	if w.IsWindowTerminatedEarly {
		fmt.Fprint(v.out, ", terminated early")
	}
	fmt.Fprintln(v.out)
}

// table prints the rows, with times in this layout. Each column is as wide as
// its widest cell; the data gets the rest of the line.
func (v *tableView) table(layout string) {
	titles := [...]string{"#", "sequence number", "partition key", "arrived (UTC)", "bytes"}
	cells := make([][len(titles)]string, len(v.rows))
	var widths [len(titles)]int
	for i, t := range titles {
		widths[i] = len(t)
	}
	for i, r := range v.rows {
		arrived := "-"
		if !r.arrived.IsZero() {
			arrived = r.arrived.UTC().Format(layout)
		}
		cells[i] = [...]string{
			r.number, r.sequence, screen.ClipMiddle(r.key, max(keyColumn, v.screen.Width/4)),
			arrived, r.size,
		}
		for j, c := range cells[i] {
			widths[j] = max(widths[j], uniseg.StringWidth(c))
		}
	}
	left := v.screen.Width
	for _, w := range widths {
		left -= w + 2
	}
	left = max(left, 10)
	v.line(screen.Bold, titles, widths, "data")
	for i, r := range v.rows {
		how := screen.Plain
		if r.bad {
			how = screen.Red
		}
		v.line(how, cells[i], widths, screen.Clip(r.data, left))
		if len(r.inside) > 0 && uniseg.StringWidth(r.data) > left {
			r.inside = slices.Insert(r.inside, 0, r.data)
		}
		for _, l := range r.inside {
			fmt.Fprintln(v.out, "    "+screen.Clip(l, v.screen.Width-4))
		}
	}
}

// line prints one line of a table, numbers at the right of their columns.
func (v *tableView) line(how screen.Style, cells [5]string, widths [5]int, last string) {
	var b strings.Builder
	for i, c := range cells {
		space := strings.Repeat(" ", max(0, widths[i]-uniseg.StringWidth(c)))
		if i == 0 || i == len(cells)-1 {
			b.WriteString(space + c + "  ")
		} else {
			b.WriteString(c + space + "  ")
		}
	}
	fmt.Fprintln(v.out, v.screen.Paint(how, strings.TrimRight(b.String()+last, " ")))
}

// answer says what Lambda would get, and what that would mean.
func (v *tableView) answer(o outcome) {
	s := &o.stats
	switch {
	case o.err != nil:
		fmt.Fprintln(v.out, v.screen.Paint(screen.Red, "the invocation fails: Lambda delivers the whole event again"))
	case s.Checkpoint != "":
		fmt.Fprintf(v.out, "response %s\n", screen.Printable(string(o.answer)))
		fmt.Fprintln(v.out, v.screen.Paint(screen.Red,
			fmt.Sprintf("Lambda delivers again from that record on; %s before it done",
				screen.Count(s.Processed+s.Skipped, "record"))))
	default:
		fmt.Fprintf(v.out, "response %s\n", screen.Clip(screen.Printable(string(o.answer)), 4*v.screen.Width))
		fmt.Fprintln(v.out, v.screen.Paint(screen.Green,
			fmt.Sprintf("all done: %s, %s", screen.Count(s.Records, "record"), screen.Count(int(s.Bytes), "byte"))))
	}
}

func (v *tableView) summary(t *totals) {
	if v.shown > 0 {
		fmt.Fprintln(v.out)
	}
	fmt.Fprintln(v.out, v.screen.Paint(screen.Bold, fmt.Sprintf("%s, %s, %s, %s bad",
		screen.Count(t.files, "event"), screen.Count(t.records, "record"), screen.Count(int(t.bytes), "byte"),
		screen.Group(t.bad))))
	if t.compressed > 0 {
		fmt.Fprintf(v.out, "%s compressed: -codec auto shows what is inside\n", looks(t.compressed))
	}
	if t.aggregates > 0 {
		fmt.Fprintf(v.out, "%s aggregated: -deaggregate shows what is inside\n", looks(t.aggregates))
	}
	var sizes, keys []bar
	for _, s := range t.bySize() {
		label := fmt.Sprintf("%s to %s", screen.Group(int(s.From)), screen.Group(int(s.To)))
		if s.From == s.To || s.To == 0 {
			label = screen.Group(int(s.To))
		}
		sizes = append(sizes, bar{label, s.Records})
	}
	most, others, records := t.byKey()
	for _, k := range most {
		keys = append(keys, bar{screen.Cell([]byte(k.Key)), k.Records})
	}
	if records > 0 {
		keys = append(keys, bar{screen.Count(others, "other key"), records})
	}
	v.histogram("bytes", sizes, true)
	v.histogram("partition key", keys, false)
}

func looks(n int) string {
	if n == 1 {
		return "1 record looks"
	}
	return screen.Count(n, "record") + " look"
}

// bar is one line of a histogram.
type bar struct {
	label   string
	records int
}

func (v *tableView) histogram(title string, bars []bar, right bool) {
	if len(bars) == 0 {
		return
	}
	label, number, most := len(title), len("records"), 0
	for _, b := range bars {
		label = max(label, uniseg.StringWidth(b.label))
		number = max(number, len(screen.Group(b.records)))
		most = max(most, b.records)
	}
	label = min(label, max(len(title), v.screen.Width-number-4-barLeast))
	fmt.Fprintln(v.out)
	fmt.Fprintln(v.out, v.screen.Paint(screen.Bold,
		screen.Pad(title, label, right)+"  "+screen.Pad("records", number, true)))
	cells := min(barCells, v.screen.Width-label-number-4)
	for _, b := range bars {
		line := screen.Pad(screen.ClipMiddle(b.label, label), label, right) + "  " + screen.Pad(screen.Group(b.records),
			number, true)
		if b.records > 0 {
			line += "  " + v.screen.Paint(screen.Green, v.screen.Bar(b.records, most, cells))
		}
		fmt.Fprintln(v.out, line)
	}
}

// day is the day on which all rows arrived, if it was one.
func (v *tableView) day() (day string, one bool) {
	for _, r := range v.rows {
		if r.arrived.IsZero() {
			continue
		}
		d := r.arrived.UTC().Format(time.DateOnly)
		if day != "" && d != day {
			return "", false
		}
		day = d
	}
	return day, day != ""
}
