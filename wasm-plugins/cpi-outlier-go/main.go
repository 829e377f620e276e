// Command cpi-outlier-go is CPI² (Zhang et al., EuroSys 2013) with CPU pressure as a fallback, as a plugin.
// ../cpi-outlier/README.md is the specification; the agent's class CpiOutlierDetector is the same in TypeScript,
// file by file.
package main

import "wca-pdk/wca"

func init() { wca.Serve(newDetector()) }

func main() {}
