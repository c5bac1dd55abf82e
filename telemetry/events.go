package telemetry

import "time"

// Event is something that happened once, told to operators: an instance exited, a file was applied.
type Event struct {
	// ID is given by the [Bus]: 1, 2, 3 … since it was made. Publishers leave it 0.
	ID uint64 `json:"id"`
	// Time at which it happened; the bus fills it in when it is zero.
	Time time.Time `json:"time"`
	// Code is what programs compare, in snake_case: "instance_exited".
	Code string `json:"code"`
	// Severity decides how it is shown and at which level it is logged.
	Severity Severity `json:"severity"`
	// Subject is what it happened to: "app.1", "database", "gateway". May be empty.
	Subject string `json:"subject,omitempty"`
	// Message is one sentence for a person, without a trailing period and without secrets.
	Message string `json:"message"`
	// Attributes are details for programs: {"exit": "killed by SIGKILL"}. They must not be changed after Publish.
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Events is where packages tell what happened. Publish never blocks. [Bus] is the real one.
type Events interface {
	Publish(Event)
}

// Discard takes events and forgets them.
type Discard struct{}

// Publish does nothing.
func (Discard) Publish(Event) {}

// OrDiscard returns events, or [Discard] where events is nil, so that an Options struct may leave it out.
func OrDiscard(events Events) Events {
	if events == nil {
		return Discard{}
	}
	return events
}
