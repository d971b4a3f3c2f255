package config

// LoadRecord reads only where the record is and what opens it: DataDir, DatabaseURL and SecretKey. It is for
// programs that read the record without serving, which need no admin key. Errors are those of [Load].
func LoadRecord(path string, getenv func(string) string) (Config, error) {
	var f file
	if path != "" {
		read, err := readFile(path, getenv)
		if err != nil {
			return Config{}, err
		}
		f = read
	}
	_ = applyEnvironment(&f, getenv) // what is wrong there is not read here
	c := &checker{config: Config{File: path, DataDir: valueOr(f.DataDir, "data"), SecretKey: f.SecretKey}}
	c.database(f)
	if len(c.problems) > 0 {
		return Config{}, &Error{Problems: c.problems}
	}
	return c.config, nil
}
