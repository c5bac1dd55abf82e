package postgres

const parentVariable = "POSTGRES_TEST_PARENT"

func parentMain() {}
