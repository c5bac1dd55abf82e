package http1

import "time"

// Text is what the writers take: whatever a caller has at hand, without conversion.
type Text interface{ ~string | ~[]byte }

// AppendRequestLine appends "METHOD target HTTP/1.1\r\n". Bytes that could end or split the line cannot get through: in the target
// they are percent-encoded, in the method left out.
func AppendRequestLine[M, T Text](dst []byte, method M, target T) []byte { return dst }

// AppendStatusLine appends "HTTP/1.1 status reason\r\n". An empty reason means the usual one; control characters in it become
// spaces. A status outside 100–999 is written as 500.
func AppendStatusLine[T Text](dst []byte, status int, reason T) []byte { return dst }

// AppendField appends "name: value\r\n". Injection is impossible: control characters in the value become spaces (RFC 9110 §5.5), and
// a field whose name is not a token is left out altogether.
func AppendField[N, V Text](dst []byte, name N, value V) []byte { return dst }

// AppendKnown is AppendField for a name of the table; HeaderOther and HeaderUnderscored append nothing.
func AppendKnown[V Text](dst []byte, id HeaderID, value V) []byte { return dst }

// AppendTo appends the field as it was parsed, which was checked then.
func (f *Field) AppendTo(dst []byte) []byte { return dst }

// AppendContentLength appends the field with that length; a negative one appends nothing.
func AppendContentLength(dst []byte, length int64) []byte { return dst }

// AppendTransferEncoding appends "Transfer-Encoding: chunked\r\n".
func AppendTransferEncoding(dst []byte) []byte { return append(dst, "Transfer-Encoding: chunked\r\n"...) }

// AppendEnd appends the blank line that ends a head.
func AppendEnd(dst []byte) []byte { return append(dst, "\r\n"...) }

// AppendChunkHead appends the line before a chunk of size bytes, which must be more than 0; the chunk is followed by AppendChunkEnd.
func AppendChunkHead(dst []byte, size int) []byte { return dst }

// AppendChunkEnd appends the line end after a chunk's data.
func AppendChunkEnd(dst []byte) []byte { return append(dst, "\r\n"...) }

// AppendLastChunk appends the end of a chunked body, with trailers.
func AppendLastChunk(dst []byte, trailers []Field) []byte { return dst }

// AppendUint appends a decimal number.
func AppendUint(dst []byte, n uint64) []byte { return dst }

// AppendDate appends a time in the format of Date and Last-Modified (IMF-fixdate, RFC 9110 §5.6.7).
func AppendDate(dst []byte, t time.Time) []byte { return dst }
