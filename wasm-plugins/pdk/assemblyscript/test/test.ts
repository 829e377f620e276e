// The tests of the library; README.md has the command.
import { Anomaly, Metric, writeDecision } from "../decision";
import { numberOption, option } from "../host";
import { JsonReader } from "../json-reader";
import { numeral, quoted } from "../json-writer";
import { readSnapshot } from "../snapshot";
import { answers, check, inputOf, near, refuses, same, setInput, setOption } from "./check";

const REFUSAL = "Cannot read the input: not the JSON that was expected at byte ";

function numberOf(text: string): f64 {
  return new JsonReader(inputOf(text)).number();
}

export function testReadsNumbers(): void {
  same("0", numberOf("0"), 0);
  same("0.1", numberOf("0.1"), 0.1);
  same("1e-7", numberOf("1e-7"), 1e-7);
  same("-12.5e3", numberOf("-12.5e3"), -12500);
  same("2.5E+2", numberOf("2.5E+2"), 250);
  same("2^53 - 1", numberOf("9007199254740991"), 9007199254740991);
  near("2^64", numberOf("18446744073709551616"), 18446744073709551616.0);
  same("1700000000000.5", numberOf("1700000000000.5"), 1700000000000.5);
  same("null", numberOf("null"), NaN);
  same("0e400", numberOf("0e400"), 0);
  same("1e400", numberOf("1e400"), Infinity);
  same("1e-400", numberOf("1e-400"), 0);
  near("pi", numberOf("3.141592653589793"), Math.PI);
  near("tiny", numberOf("1.2345678901234567e-300"), 1.2345678901234567e-300, 1e-13);
  near("huge", numberOf("1.79e308"), 1.79e308, 1e-13);
}

function stringOf(text: string): string {
  return new JsonReader(inputOf(text)).string();
}

export function testReadsStrings(): void {
  same("empty", stringOf('""'), "");
  same("spaces", stringOf(' "a b"'), "a b");
  same("escapes", stringOf('"\\"\\\\\\/\\b\\f\\n\\r\\t"'), '"\\/\b\f\n\r\t');
  same("codes", stringOf('"\\u0041\\u00e9\\u20AC\\ud83d\\ude00"'), "A\u00e9\u20ac\ud83d\ude00");
  same("UTF-8", stringOf('"\u00e9\ud83d\ude00"'), "\u00e9\ud83d\ude00");
  same("zero", stringOf('"\\u0000x"'), "\0x");
}

/** Adds up the numbers of the key "n", whatever else is there. */
function sumOf(text: string): f64 {
  const json = new JsonReader(inputOf(text));
  let sum: f64 = 0;
  json.enterObject();
  while (json.nextKey()) {
    if (json.key != "n") {
      json.skip();
      continue;
    }
    json.enterList();
    while (json.nextItem()) {
      json.enterList();
      while (json.nextItem()) sum += json.number();
    }
  }
  return sum;
}

export function testReadsNestedListsAndLeavesOutTheRest(): void {
  same("nothing", sumOf("{}"), 0);
  same("no items", sumOf('{"n":[]}'), 0);
  same("all", sumOf(' {"a":{"b":[1,{"c":"]}\\""},null]},"n" : [ [1, 2] ,[],[4]\n], "z":-1e3}'), 7);
}

export function testRefusesBrokenStrings(): void {
  refuses(() => { stringOf('"open'); }, REFUSAL + "5");
  refuses(() => { stringOf('"open\\'); }, REFUSAL + "6");
  refuses(() => { stringOf('"\\q"'); }, REFUSAL);
  refuses(() => { stringOf('"\\u12g4"'); }, REFUSAL);
  refuses(() => { stringOf("1"); }, REFUSAL + "0");
}

export function testRefusesBrokenJson(): void {
  refuses(() => { numberOf("-"); }, REFUSAL + "1");
  refuses(() => { sumOf(""); }, REFUSAL + "0");
  refuses(() => { sumOf("[]"); }, REFUSAL + "0");
  refuses(() => { sumOf('{"n":[[1,2]]'); }, REFUSAL + "12");
  refuses(() => { sumOf('{"n":[[1,2'); }, REFUSAL + "10");
  refuses(() => { sumOf('{"n":[[1,]]}'); }, REFUSAL + "9");
  refuses(() => { sumOf('{"n":[[x]]}'); }, REFUSAL + "7");
  refuses(() => { sumOf('{"n" [[1]]}'); }, REFUSAL + "5");
  refuses(() => { sumOf("{n:[[1]]}"); }, REFUSAL + "1");
  refuses(() => { sumOf('{"a":"open'); }, REFUSAL + "10");
  refuses(() => { sumOf('{"a":[1}'); }, REFUSAL + "8");
  refuses(() => { sumOf('{"a":,"n":[[1]]}'); }, REFUSAL + "5");
  refuses(() => { sumOf('{"a":}}'); }, REFUSAL + "5");
}

export function testWritesNumbersThatReadBackTheSame(): void {
  same("NaN", numeral(NaN), "null");
  same("infinity", numeral(-Infinity), "null");
  same("0.1", numeral(0.1), "0.1");
  same("1e-7", numeral(1e-7), "1e-7");
  same("2^53 - 1", numeral(9007199254740991), "9007199254740991.0");
  const many: f64[] = [0.1, 1e-7, -12345.678, 0.5, 42, 1e21];
  for (let i = 0; i < many.length; i++) same("read back", numberOf(numeral(many[i])), many[i]);
  near("a third", numberOf(numeral(1.0 / 3.0)), 1.0 / 3.0);
}

export function testWritesStrings(): void {
  same("empty", quoted(""), '""');
  same("quotes", quoted('say "no" \\ /'), '"say \\"no\\" \\\\ /"');
  same("controls", quoted("\0\n\x1f\x7f"), '"\\u0000\\u000a\\u001f\x7f"');
  same("UTF-8", quoted("\u00e9\u20ac\ud83d\ude00"), '"\u00e9\u20ac\ud83d\ude00"');
}

export function testReadsTheColumnarForm(): void {
  setInput(
    '{"timeMs":1500,"intervalSecs":0.5,"platform":"x","platformMeasurements":{},' +
      '"tasks":{"id":["a/b","\\u00e9"],"labels":[{},{}],"identity":[7,8]},' +
      '"columns":[["task_cycles"],["task_pressure_seconds_total","cpu","some"]],"values":[[1,2],[null,0.25]]}',
  );
  const snapshot = readSnapshot();
  same("timeMs", snapshot.timeMs, 1500);
  same("intervalSecs", snapshot.intervalSecs, 0.5);
  same("ids", snapshot.ids.join(" "), "a/b \u00e9");
  same("identities", snapshot.identities.join(" "), "7.0 8.0");
  same("columns", snapshot.columns.join(" "), "task_cycles task_pressure_seconds_total/cpu/some");
  same("values", snapshot.values[0].join(" "), "1.0 2.0");
  const pressure = snapshot.column("task_pressure_seconds_total/cpu/some");
  check("there is pressure", pressure != null);
  if (pressure != null) same("pressure", pressure.join(" "), "NaN 0.25");
  check("a path is whole", snapshot.column("task_pressure_seconds_total") == null);
  setInput('{"timeMs":1500,"values":[[1,2');
  refuses(() => { readSnapshot(); }, REFUSAL + "29");
}

export function testReadsOptions(): void {
  setOption("share", "2.5");
  setOption("way", "psi");
  setOption("none", "null");
  same("share", numberOption("share", 1), 2.5);
  same("absent", numberOption("other", 1), 1);
  same("null", numberOption("none", 1), 1);
  same("way", option("way"), "psi");
}

export function testWritesDecisions(): void {
  const anomaly = new Anomaly('a "b"');
  anomaly.contendingTaskIds = ["c", "d"];
  anomaly.severity = 0.5;
  anomaly.state = "onset";
  anomaly.metrics.push(new Metric("m", NaN));
  same("status", writeDecision([anomaly], [new Metric("n", 2).label("x", "y")]), 0);
  answers(
    '{"anomalies":[{"resource":"unknown resource","contendedTaskId":"a \\"b\\"","contendingTaskIds":["c","d"],' +
      '"metrics":[{"name":"m","value":null,"labels":{},"type":"gauge"}],"severity":0.5,"state":"onset"}],' +
      '"metrics":[{"name":"n","value":2,"labels":{"x":"y"},"type":"gauge"}]}',
  );
}
