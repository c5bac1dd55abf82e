// Package telemetry is what Ladder says about itself: events that happened ([Bus]), warnings that hold now ([Health]), how
// long things took ([Histogram]), what the last ten minutes looked like ([Series]), log lines ([NewLogger]) and Prometheus
// metrics ([NewRegistry]). CLI, dashboard, metrics and documentation all read the same tables here, so that they never
// disagree.
//
// It decides nothing and imports no rung: rungs publish into it, admin reads from it. Start with [Bus] and [Health].
package telemetry
