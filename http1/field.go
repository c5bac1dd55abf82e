package http1

// Field is one header or trailer line. Only a parser makes fields, and name and value cannot be set from outside: that is why
// [Field.AppendTo] may write them without looking again. Name and value are slices of the buffer given to Parse and live as
// long as its bytes do.
type Field struct {
	name  []byte
	value []byte
	// ID is the compact form of a known name, HeaderOther or HeaderUnderscored.
	ID HeaderID
	// Hop says that the field concerns this connection alone and must not be forwarded: the hop-by-hop fields of RFC 9110
	// §7.6.1 and those that the sender named in Connection. Fields that a gateway or an application must be able to trust
	// (Host, Content-Length, Cookie, Authorization, X-Forwarded-* …) are not dropped because a client named them there.
	Hop bool
}

// Name is the field's name as sent; compare without regard to case, or use ID.
func (f *Field) Name() []byte { return f.name }

// Value is the field's value without the white space around it.
func (f *Field) Value() []byte { return f.value }
