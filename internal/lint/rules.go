package lint

// Rules are all laws of the house that need nothing but the tree.
func Rules() []Rule {
	return []Rule{
		{"imports", Imports},
		{"package-names", PackageNames},
		{"package-comments", PackageComments},
		{"function-length", FunctionLength},
		{"file-length", FileLength},
		{"no-init", NoInit},
		{"no-mutable-globals", NoMutableGlobals},
		{"wrap-errors", WrapErrors},
		{"no-sleeps", NoSleeps},
		{"no-machine-paths", NoMachinePaths},
		{"no-reminders", NoReminders},
		{"links", Links},
		{"documented-commands", DocumentedCommands},
	}
}
