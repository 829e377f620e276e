//go:build !wasip1

package wca

// Outside of a sandbox, as in unit tests, there are no options and nobody to log to.

func Option(name string) (string, bool) { return "", false }
func Info(text string)                  {}
func Warn(text string)                  {}
func Error(text string)                 {}
