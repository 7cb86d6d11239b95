package decoder

// nextElement reads the next element of Records without looking into its data.
// It returns false at the end, or if the event is broken.
func (r *reader) nextElement() bool {
	w, t, out := &r.walker, &r.templates, &r.out
	out.clear()
	start, primed := w.pos, t.lambda.primed
	if !primed {
		var more bool
		if start, more = w.next(); !more {
			return false
		}
	}
	if !w.found(start) {
		r.nameElement()
		return w.exceed(&out.rec, tooMany(w.maxRecords))
	}
	end, ok := 0, false
	if primed {
		if end, ok = t.lambda.read(t.last, w.event, start, w.index, out); ok {
			t.hit()
		}
	}
	if !ok && !t.off {
		end, ok = t.read(w.event, start, w.depth, w.index, primed, out)
	}
	if !ok {
		return r.readStrictly()
	}
	w.passed(end)
	out.handOut()
	return true
}

// readStrictly reads the element that was found last with the strict reader,
// and learns from it. It reports false if the event is broken.
func (r *reader) readStrictly() bool {
	w, out := &r.walker, &r.out
	el, sound := w.scanElement(w.start)
	if !sound {
		return false
	}
	if err := r.strict.readRecord(w.event, el, w.index, out); err != nil {
		return w.fail(el.Start, err)
	}
	if out.bad == nil && !r.templates.off { //mutant:a-bad-record-teaches
		r.templates.learn(w.event, el.span, out.rec.Source, w.depth)
	}
	w.passed(el.End)
	out.handOut()
	return true
}

// nameElement reads just enough of the element that was found last for an error
// to name it.
func (r *reader) nameElement() {
	index := r.walker.index
	r.out.leaveData()
	r.readStrictly()
	r.out.rec.Index = index
}
