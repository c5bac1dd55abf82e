// Package postgres runs a PostgreSQL server of Ladder's own: it finds the programs or fetches them, makes the cluster,
// starts the server, watches it, restarts it when it crashes and stops it, and gives out the URL that the application
// connects with. It speaks to the server as an operator would, never for the application: no statement of the application
// passes through here.
//
// Everything is written for the moment when something dies halfway: each step can be repeated, and a step that was
// interrupted is not mistaken for one that was done. Start with [Server]; DESIGN.md has the layout of the directory, what
// happens in each failure, and the alternatives that were refused.
package postgres
