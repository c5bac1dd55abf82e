package http1

import "bytes"

// maxConnectionOptions bounds what is compared with every field of a message; messages of good faith have one to three options.
const maxConnectionOptions = 16

// expectContinue is the only expectation there is (RFC 9110 §10.1.1).
const expectContinue = "100-continue"

// noteConnection takes in the options of one Connection field (RFC 9110 §7.6.1).
func (h *Head) noteConnection(value []byte) *Error {
	for rest := value; rest != nil; {
		var option []byte
		option, rest = nextElement(rest)
		if len(option) == 0 {
			continue // RFC 9110 §5.6.1.2 wants a few empty elements tolerated; the bound on the head bounds them
		}
		if len(h.Options) >= maxConnectionOptions || !isToken(option) {
			return ErrBadConnection
		}
		h.Options = append(h.Options, option)
		h.seen |= connectionOption(option)
	}
	return nil
}

func connectionOption(option []byte) seen {
	switch {
	case equalFold(option, "keep-alive"):
		return optionKeepAlive
	case equalFold(option, "close"):
		return optionClose
	case equalFold(option, "upgrade"):
		return optionUpgrade
	case equalFold(option, "te"):
		return optionTE
	}
	return optionOther
}

// markNominated makes the fields hop-by-hop that Connection names and that may be dropped.
func (h *Head) markNominated() {
	for _, option := range h.Options {
		if connectionOption(option) != optionOther {
			continue
		}
		for i := range h.Fields {
			f := &h.Fields[i]
			if len(f.name) == len(option) && !f.ID.endToEnd() && bytes.EqualFold(f.name, option) {
				f.Hop = true
			}
		}
	}
}

// nextElement takes the first element off a comma-separated list without quoted strings; rest is nil after the last.
func nextElement(list []byte) (element, rest []byte) {
	if comma := bytes.IndexByte(list, ','); comma >= 0 {
		return trimSpace(list[:comma]), list[comma+1:]
	}
	return trimSpace(list), nil
}

// hasElement looks for a list element; parameters make it another.
func hasElement(list []byte, want string) bool {
	for rest := list; rest != nil; {
		var element []byte
		if element, rest = nextElement(rest); equalFold(element, want) {
			return true
		}
	}
	return false
}

// isProtocolList says whether value is 1#protocol: token ["/" token] (RFC 9110 §7.8).
func isProtocolList(value []byte) bool {
	for rest := value; rest != nil; {
		var element []byte
		element, rest = nextElement(rest)
		name, version, versioned := bytes.Cut(element, []byte{'/'})
		if !isToken(name) || versioned && !isToken(version) {
			return false
		}
	}
	return true
}
