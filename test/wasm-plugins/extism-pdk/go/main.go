// Command extism-pdk-alone is a detector written with nothing but Extism's PDK for Go: names the first task that the
// snapshot has.
package main

import (
	"fmt"

	"github.com/extism/go-pdk"
)

type snapshot struct {
	Tasks []struct {
		ID string `json:"id"`
	} `json:"tasks"`
}

type anomaly struct {
	Resource          string   `json:"resource"`
	ContendedTaskID   string   `json:"contendedTaskId"`
	ContendingTaskIDs []string `json:"contendingTaskIds"`
}

type decision struct {
	Anomalies []anomaly `json:"anomalies"`
}

//go:wasmexport describe
func describe() int32 {
	pdk.OutputString(`{"protocol":1,"role":"detector","doc":"Names the first task.","measurements":[]}`)
	return 0
}

//go:wasmexport detect
func detect() int32 {
	var seen snapshot
	if err := pdk.InputJSON(&seen); err != nil {
		pdk.SetError(err)
		return 1
	}
	resource, ok := pdk.GetConfig("resource")
	if !ok {
		pdk.SetErrorString("the option resource is missing")
		return 1
	}
	calls := pdk.GetVarInt("calls") + 1
	pdk.SetVarInt("calls", calls)
	pdk.Log(pdk.LogInfo, fmt.Sprintf("call %d", calls))
	concluded := decision{Anomalies: []anomaly{}}
	for _, task := range seen.Tasks[:min(1, len(seen.Tasks))] {
		concluded.Anomalies = append(concluded.Anomalies, anomaly{resource, task.ID, []string{fmt.Sprintf("%s-%d", task.ID, calls)}})
	}
	if err := pdk.OutputJSON(concluded); err != nil {
		pdk.SetError(err)
		return 1
	}
	return 0
}

func main() {}
