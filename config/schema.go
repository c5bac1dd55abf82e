package config

// Schema is the JSON schema of the file (draft 2020-12).
func Schema() []byte { panic("to be written") }

// Reference is the reference page of the file, in Markdown.
func Reference() []byte { panic("to be written") }

// InitOptions say what `ladder init` writes.
type InitOptions struct {
	Name    string
	Command []string
	Servers []string
	Listen  string
}

// Init writes a small commented file.
func Init(InitOptions) []byte { panic("to be written") }
