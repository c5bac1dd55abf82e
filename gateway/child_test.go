package gateway

// runChild is what the test binary does when a test has started it as a child process; ours is false otherwise.
func runChild() (code int, ours bool) { return 0, false }
