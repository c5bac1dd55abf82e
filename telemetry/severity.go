package telemetry

import "fmt"

// Severity says how much an operator should care.
type Severity uint8

const (
	// SeverityInfo: worth knowing, nothing to do.
	SeverityInfo Severity = iota
	// SeverityWarning: users are still served, somebody should look soon.
	SeverityWarning
	// SeverityCritical: users are being failed, or will be within minutes.
	SeverityCritical
)

var severityNames = [...]string{"info", "warning", "critical"}

// String is the name that API, logs and metrics use.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// MarshalText gives the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(text []byte) error {
	for i, name := range severityNames {
		if name == string(text) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q", text)
}
