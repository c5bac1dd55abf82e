package http1

import "strconv"

// Text is what the writers take: whatever a caller has at hand, without conversion.
type Text interface{ ~string | ~[]byte }

// AppendRequestLine appends "METHOD target HTTP/1.1\r\n". Bytes that could end or split the line cannot get through: in the target
// they are percent-encoded, in the method left out.
func AppendRequestLine[M, T Text](dst []byte, method M, target T) []byte {
	dst = append(appendToken(dst, method), ' ')
	return append(appendTarget(dst, target), " HTTP/1.1\r\n"...)
}

// AppendStatusLine appends "HTTP/1.1 status reason\r\n". An empty reason means the usual one; control characters in it become
// spaces. A status outside 100–999 is written as 500.
func AppendStatusLine[T Text](dst []byte, status int, reason T) []byte {
	if status < 100 || status > 999 {
		status = 500
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = append(dst, byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10), ' ')
	if len(reason) == 0 {
		dst = append(dst, Reason(status)...)
	} else {
		dst = appendText(dst, reason)
	}
	return append(dst, '\r', '\n')
}

// AppendField appends "name: value\r\n". Injection is impossible: control characters in the value become spaces (RFC 9110 §5.5), and
// a field whose name is not a token is left out altogether.
func AppendField[N, V Text](dst []byte, name N, value V) []byte {
	if !isToken(name) {
		return dst
	}
	dst = append(append(dst, name...), ':', ' ')
	return append(appendText(dst, value), '\r', '\n')
}

// AppendKnown is AppendField for a name of the table; HeaderOther and HeaderUnderscored append nothing.
func AppendKnown[V Text](dst []byte, id HeaderID, value V) []byte {
	name := id.String()
	if name == "" {
		return dst
	}
	dst = append(append(dst, name...), ':', ' ')
	return append(appendText(dst, value), '\r', '\n')
}

// AppendTo appends the field as it was parsed, which was checked then.
func (f *Field) AppendTo(dst []byte) []byte {
	if len(f.name) == 0 {
		return dst // the zero Field is none
	}
	dst = append(append(dst, f.name...), ':', ' ')
	return append(append(dst, f.value...), '\r', '\n')
}

// AppendContentLength appends the field with that length; a negative one appends nothing.
func AppendContentLength(dst []byte, length int64) []byte {
	if length < 0 {
		return dst
	}
	dst = append(dst, "Content-Length: "...)
	return append(strconv.AppendInt(dst, length, 10), '\r', '\n')
}

// AppendTransferEncoding appends "Transfer-Encoding: chunked\r\n".
func AppendTransferEncoding(dst []byte) []byte {
	return append(dst, "Transfer-Encoding: chunked\r\n"...)
}

// AppendEnd appends the blank line that ends a head.
func AppendEnd(dst []byte) []byte { return append(dst, '\r', '\n') }

// AppendChunkHead appends the line before a chunk of size bytes, which is followed by AppendChunkEnd. Nothing is appended for a size
// that is not positive: an empty chunk would end the body.
func AppendChunkHead(dst []byte, size int) []byte {
	if size <= 0 {
		return dst
	}
	return append(strconv.AppendUint(dst, uint64(size), 16), '\r', '\n')
}

// AppendChunkEnd appends the line end after a chunk's data.
func AppendChunkEnd(dst []byte) []byte { return append(dst, '\r', '\n') }

// AppendLastChunk appends the end of a chunked body, with trailers.
func AppendLastChunk(dst []byte, trailers []Field) []byte {
	dst = append(dst, "0\r\n"...)
	for i := range trailers {
		dst = trailers[i].AppendTo(dst)
	}
	return append(dst, '\r', '\n')
}

// AppendUint appends a decimal number.
func AppendUint(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, n, 10) }

// appendToken leaves out what does not belong into a token. Where nothing is left the line has no method, which every server
// refuses.
func appendToken[T Text](dst []byte, token T) []byte {
	if isToken(token) {
		return append(dst, token...)
	}
	for i := range len(token) {
		if b := token[i]; byteClass[b]&classToken != 0 {
			dst = append(dst, b)
		}
	}
	return dst
}

// appendTarget percent-encodes what cannot stand in a request target.
func appendTarget[T Text](dst []byte, target T) []byte {
	if all(target, classTarget) {
		return append(dst, target...)
	}
	const hexDigits = "0123456789ABCDEF"
	for i := range len(target) {
		b := target[i]
		if byteClass[b]&classTarget != 0 {
			dst = append(dst, b)
		} else {
			dst = append(dst, '%', hexDigits[b>>4], hexDigits[b&15])
		}
	}
	return dst
}

// appendText turns control characters into spaces.
func appendText[T Text](dst []byte, text T) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for i := start; ; i++ {
		if i = scanText(dst, i); i >= len(dst) {
			return dst
		}
		dst[i] = ' '
	}
}
