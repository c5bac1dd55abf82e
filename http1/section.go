package http1

import "bytes"

// section parses the lines up to a blank one: the fields of a head, or a trailer section. It remembers where it stands, so that a
// section that comes in byte by byte costs no more than one that is there at once.
//
// Whether a line is right is decided only once it is there with its line feed. Together with that, errors depend on nothing but the
// bytes, not on how they were cut.
type section struct {
	fields  []Field
	base    *byte // the buffer that positions and fields are about
	pos     int   // start of the first line that is not done with
	scanned int   // there is no line feed between pos and here
}

// reset forgets the lines and keeps the memory.
func (s *section) reset() {
	s.fields, s.base, s.pos, s.scanned = s.fields[:0], nil, 0, 0
}

// moved says whether buffer is not where it was in the last call, so that the fields point elsewhere; it cannot be empty.
func (s *section) moved(buffer []byte) bool {
	return s.base != &buffer[0] && s.base != nil
}

// unfinished says that the current line is still not complete.
func (s *section) unfinished(window []byte) bool {
	if s.scanned <= s.pos {
		return false // not looked at yet
	}
	return s.lineEnd(window) < 0
}

// lineEnd gives the position of the line feed that ends the current line, or -1, and then remembers not to look here again.
func (s *section) lineEnd(window []byte) int {
	from := min(max(s.pos, s.scanned), len(window))
	if i := bytes.IndexByte(window[from:], '\n'); i >= 0 {
		return from + i
	}
	s.scanned = len(window)
	return -1
}

// line gives the current line with its line feed, nil when it is not complete.
func (s *section) line(window []byte) []byte {
	end := s.lineEnd(window)
	if end < 0 {
		return nil
	}
	return window[s.pos : end+1]
}

// parse reads field lines. It is done when it has passed the blank line; else more bytes are needed, or there is a fault.
func (s *section) parse(window []byte, maxFields int) (done bool, fault *Error) {
	for {
		rest := window[s.pos:]
		if len(rest) >= 2 && rest[0] == '\r' && rest[1] == '\n' {
			s.pos += 2
			return true, nil
		}
		if len(s.fields) >= maxFields && len(rest) > 0 && rest[0] != '\r' {
			return false, ErrTooManyFields
		}
		size := s.nextField().parse(rest)
		if size == 0 {
			s.fields = s.fields[:len(s.fields)-1]
			line := s.line(window)
			if line == nil {
				return false, nil
			}
			return false, fieldFault(line, len(s.fields) == 0)
		}
		s.pos += size
	}
}

// nextField makes room for one more, in the memory of an earlier message where there is some.
func (s *section) nextField() *Field {
	n := len(s.fields)
	if n < cap(s.fields) {
		s.fields = s.fields[:n+1]
	} else {
		s.fields = append(s.fields, Field{})
	}
	return &s.fields[n]
}

// parse reads a field line at the start of rest and gives its size with its CRLF, 0 when the line is either wrong or not all there.
func (f *Field) parse(rest []byte) (size int) {
	colon := bytes.IndexByte(rest, ':')
	if colon < 0 {
		return 0
	}
	id, ok := identify(rest[:colon])
	if !ok {
		return 0
	}
	start := colon + 1
	for start < len(rest) && isSpace(rest[start]) {
		start++
	}
	end := scanText(rest, start)
	if end+1 >= len(rest) || rest[end] != '\r' || rest[end+1] != '\n' {
		return 0
	}
	size = end + 2
	for end > start && isSpace(rest[end-1]) {
		end--
	}
	f.name, f.value = rest[:colon:colon], rest[start:end:end]
	f.ID, f.Hop = id, id.hopByHop()
	return size
}

// fieldFault says what is wrong with a line, given with its line feed, that Field.parse did not take.
func fieldFault(line []byte, first bool) *Error {
	if fault := lineEndFault(line); fault != nil {
		return fault
	}
	if isSpace(line[0]) {
		if first {
			return ErrSpaceBeforeFields
		}
		return ErrFoldedField
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return ErrMissingColon
	}
	name := line[:colon]
	if trimmed := trimSpace(name); len(trimmed) < len(name) && isToken(trimmed) {
		return ErrSpaceBeforeColon
	}
	if !isToken(name) {
		return ErrBadFieldName
	}
	return ErrBadFieldValue
}

// lineEndFault says whether a line, given with its line feed, ends other than in its only CR and LF.
func lineEndFault(line []byte) *Error {
	switch cr := bytes.IndexByte(line, '\r'); {
	case cr < 0:
		return ErrBareLF
	case cr < len(line)-2:
		return ErrBareCR
	}
	return nil
}
