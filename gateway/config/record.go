package config

// LoadRecord reads only where the record is and what opens it: DataDir, DatabaseURL and the secret keys. It is for
// programs that read the record without serving, which need no admin key. Errors are those of [Load].
func LoadRecord(path string, getenv func(string) string) (Config, error) {
	environment := &secretFiles{getenv: getenv}
	f, from, err := readFile(path, environment.get)
	if err != nil {
		return Config{}, err
	}
	_ = applyEnvironment(&f, from, environment.get) // what is wrong there is not read here
	c := &checker{config: Config{File: path, DataDir: valueOr(f.DataDir, "data")}}
	c.secretKeys(f)
	c.database(f)
	from.locate(append(environment.problems, c.problems...))
	if len(from.problems) > 0 {
		return Config{}, &Error{Problems: from.texts()}
	}
	return c.config, nil
}

// Listening reads only the address to serve on, and whether TLS is spoken there, for programs other than the gateway. What
// else is wrong with the file does not matter to them.
func Listening(path string, getenv func(string) string) (Config, error) {
	f, from, err := readFile(path, getenv)
	if err != nil {
		return Config{}, err
	}
	_ = applyEnvironment(&f, from, getenv)
	c := &checker{config: Config{TLS: TLS(f.TLS)}}
	c.listen(f)
	if len(c.problems) > 0 {
		return Config{}, &Error{Problems: c.problems}
	}
	return c.config, nil
}
