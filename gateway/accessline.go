package gateway

import (
	"strconv"
	"time"
)

// secondText is the time down to the second as text, which is made anew once a second only.
type secondText struct {
	second int64 // since 1970
	text   []byte
	millis int
}

// at moves to a moment in nanoseconds since 1970.
func (s *secondText) at(t int64) *secondText {
	second := t / int64(time.Second)
	s.millis = int(t % int64(time.Second) / int64(time.Millisecond))
	if second != s.second || s.text == nil {
		s.second = second
		s.text = time.Unix(second, 0).UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05")
	}
	return s
}

func (s *secondText) appendTo(dst []byte) []byte {
	dst = append(dst, s.text...)
	return append(dst, '.', byte('0'+s.millis/100), byte('0'+s.millis/10%10), byte('0'+s.millis%10), 'Z')
}

// appendJSON appends the line of an exchange as one JSON object. Its keys are stable.
func (x *exchange) appendJSON(dst []byte, when *secondText, now int64) []byte {
	dst = append(dst, `{"time":"`...)
	dst = when.appendTo(dst)
	dst = append(dst, `","client":"`...)
	dst = append(dst, x.client.peer...)
	dst = append(dst, `","method":"`...)
	dst = appendEscaped(dst, x.methodName())
	dst = append(dst, `","path":"`...)
	dst = appendEscaped(dst, x.path())
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(x.status), 10)
	dst = append(dst, `,"bytes_in":`...)
	dst = strconv.AppendInt(dst, x.bytesIn, 10)
	dst = append(dst, `,"bytes_out":`...)
	dst = strconv.AppendInt(dst, x.bytesOut, 10)
	dst = append(dst, `,"duration_ms":`...)
	dst = appendMillis(dst, now-x.started)
	dst = append(dst, `,"wait_ms":`...)
	dst = appendMillis(dst, x.waited)
	dst = append(dst, `,"member":"`...)
	dst = appendEscaped(dst, x.memberName())
	if x.retries == 0 {
		dst = append(dst, `","retries":0,"id":"`...)
	} else {
		dst = append(dst, `","retries":`...)
		dst = strconv.AppendInt(dst, int64(x.retries), 10)
		dst = append(dst, `,"id":"`...)
	}
	dst = append(dst, x.id.bytes()...)
	dst = append(dst, `","code":"`...)
	dst = append(dst, codeTable[x.outcome.code].Name...)
	if x.outcome.detail != "" {
		dst = append(dst, `","detail":"`...)
		dst = append(dst, x.outcome.detail...)
	}
	return append(dst, "\"}\n"...)
}

// appendText appends the line for people: fixed order, one space between, a dash for what there is not.
func (x *exchange) appendText(dst []byte, when *secondText, now int64) []byte {
	dst = when.appendTo(dst)
	dst = append(dst, ' ')
	dst = append(dst, x.client.peer...)
	dst = append(dst, ' ')
	dst = appendEscaped(dst, x.methodName())
	dst = append(dst, ' ')
	dst = appendEscaped(dst, x.path())
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(x.status), 10)
	dst = append(dst, " in="...)
	dst = strconv.AppendInt(dst, x.bytesIn, 10)
	dst = append(dst, " out="...)
	dst = strconv.AppendInt(dst, x.bytesOut, 10)
	dst = append(dst, ' ')
	dst = appendMillis(dst, now-x.started)
	dst = append(dst, "ms wait="...)
	dst = appendMillis(dst, x.waited)
	dst = append(dst, "ms member="...)
	dst = appendEscaped(dst, x.memberName())
	dst = append(dst, " retries="...)
	dst = strconv.AppendInt(dst, int64(x.retries), 10)
	dst = append(dst, " id="...)
	dst = append(dst, x.id.bytes()...)
	dst = append(dst, ' ')
	dst = append(dst, codeTable[x.outcome.code].Name...)
	if x.outcome.detail != "" {
		dst = append(dst, ':')
		dst = append(dst, x.outcome.detail...)
	}
	return append(dst, '\n')
}

// methodName is what was asked for, "-" where that could not be understood.
func (x *exchange) methodName() []byte {
	if x.unread {
		return dash
	}
	return x.request.MethodName
}

// path is the path of the target. The query is left out: it is where secrets travel that must not stand in logs.
func (x *exchange) path() []byte {
	switch {
	case x.unread:
		return dash
	case x.request.Path == nil: // CONNECT
		return x.request.Target
	}
	return x.request.Path
}

func (x *exchange) memberName() []byte {
	if x.member == nil {
		return dash
	}
	return x.member.name
}

// dash stands for what there is not. It is never written to.
var dash = []byte("-")

// appendMillis appends nanoseconds as milliseconds with three decimals.
func appendMillis(dst []byte, nanoseconds int64) []byte {
	micros := max(nanoseconds, 0) / int64(time.Microsecond)
	dst = strconv.AppendInt(dst, micros/1000, 10)
	rest := int(micros % 1000)
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}

// appendEscaped appends bytes that a client has chosen, so that they can neither end a JSON string nor forge a field or a line:
// quotes, backslashes, and whatever is not printable ASCII become \u00XX.
func appendEscaped(dst, text []byte) []byte {
	from := 0
	for i, b := range text {
		if b > ' ' && b < 0x7f && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		from = i + 1
	}
	return append(dst, text[from:]...)
}
