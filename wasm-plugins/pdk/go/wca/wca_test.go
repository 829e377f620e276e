package wca

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

func TestMeasurementsKeepTheirOrder(t *testing.T) {
	var m Measurements
	text := `{ "b" : {"10": 1e16, "2":1,"1":-1e16}, "a":3,"c":{"d":{}}, "q\"\\":-2.5e-1 }`
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	want := Measurements{
		{Name: "b", Levels: []Measurement{{Name: "10", Number: 1e16}, {Name: "2", Number: 1}, {Name: "1", Number: -1e16}}},
		{Name: "a", Number: 3},
		{Name: "c", Levels: []Measurement{{Name: "d", Levels: []Measurement{}}}},
		{Name: `q"\`, Number: -0.25},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %v, want %v", m, want)
	}
	for _, row := range []struct {
		path []string
		sum  float64
		ok   bool
	}{{[]string{"b"}, 0, true}, {[]string{"b", "2"}, 1, true}, {[]string{"c"}, 0, false}, {[]string{"x"}, 0, false}} {
		if sum, ok := m.Sum(row.path...); sum != row.sum || ok != row.ok {
			t.Errorf("sum of %v is %v, %v", row.path, sum, ok)
		}
	}
	if _, ok := m.Number("b"); ok {
		t.Error("levels are not a number")
	}
}

func TestMeasurementsAreAnObjectOfNumbers(t *testing.T) {
	for text, want := range map[string]string{
		`3`:          "cannot read measurements: an object is wanted at byte 0",
		`{"a":"3"}`:  `cannot read measurements: strconv.ParseFloat: parsing "\"3\"": invalid syntax`,
		`{"a":null}`: `cannot read measurements: strconv.ParseFloat: parsing "null": invalid syntax`,
	} {
		var m Measurements
		if err := json.Unmarshal([]byte(text), &m); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func table(rows, columns uint32, values []float64, meta string) []byte {
	var bytes []byte
	for _, word := range []uint32{magic, uint32(len(meta)), rows, columns} {
		bytes = binary.LittleEndian.AppendUint32(bytes, word)
	}
	for _, number := range []float64{1000, 5} {
		bytes = binary.LittleEndian.AppendUint64(bytes, math.Float64bits(number))
	}
	bytes = binary.LittleEndian.AppendUint64(bytes, 7)
	for _, number := range values {
		bytes = binary.LittleEndian.AppendUint64(bytes, math.Float64bits(number))
	}
	return append(bytes, meta...)
}

func TestTable(t *testing.T) {
	meta := `{"tasks":{"id":["a","b"]},"columns":[["x"],["y","cpu","some"]]}`
	whole := table(2, 2, []float64{1, math.NaN(), 3, 4}, meta)
	got, err := read[Table](whole)
	if err != nil {
		t.Fatal(err)
	}
	if got.TimeMs != 1000 || got.IntervalSecs != 5 || got.MetaVersion != 7 || got.Meta.Tasks.ID[1] != "b" {
		t.Errorf("got %+v", got)
	}
	if got.Value(0, 0) != 1 || !math.IsNaN(got.Value(0, 1)) || got.Value(1, 0) != 3 || got.Value(1, 1) != 4 {
		t.Errorf("got %v", got.Values)
	}
	if _, err := read[Table](whole[1:]); err == nil || err.Error() != "cannot read the snapshot: it is not in the form binary of protocol 1" {
		t.Error(err)
	}
	if _, err := read[Table](whole[:len(whole)-1]); err == nil || err.Error() != "cannot read the snapshot: it has 134 bytes, not 135" {
		t.Error(err)
	}
}

type idle struct{}

func (idle) Describe() Description  { return Description{Doc: "Idle.", Measurements: []string{}} }
func (idle) Init(InitMessage) error { return nil }
func (idle) Detect(*Columns) (Decision, error) {
	return Decision{Anomalies: []Anomaly{{Resource: Cache}}}, nil
}

func TestAnswers(t *testing.T) {
	a := adapter[Columns]{detector: idle{}}
	for want, call := range map[string]func() ([]byte, error){
		`{"protocol":1,"role":"detector","doc":"Idle.","input":"columnar","measurements":[]}`: a.describe,
		`{"anomalies":[{"resource":"cache","contendedTaskId":"","contendingTaskIds":[]}]}`: func() ([]byte, error) {
			return a.detect([]byte(`{"timeMs":1,"values":[[1,null]]}`))
		},
	} {
		if got, err := call(); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
