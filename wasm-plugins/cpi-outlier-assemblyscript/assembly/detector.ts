import { Anomaly, Metric } from "../../pdk/assemblyscript/decision";
import { Snapshot } from "../../pdk/assemblyscript/snapshot";
import { Contender } from "./contenders";
import { Judge } from "./judge";
import { Options } from "./options";
import { ReadingsOf } from "./readings";
import { Began, Rounds } from "./rounds";
import { WatchedTask } from "./watched-task";

/** The detector, of which there is one in an instance. */
export class Detector {
  /** Of the last snapshot. */
  anomalies: Anomaly[] = [];
  private tasks: Map<string, WatchedTask> = new Map();
  /** In the order of the snapshot. */
  private present: WatchedTask[] = [];

  constructor(
    private options: Options,
    private rounds: Rounds,
    private judge: Judge,
  ) {}

  static create(): Detector {
    const options = new Options();
    const rounds = new Rounds();
    return new Detector(options, rounds, new Judge(options, rounds));
  }

  detect(snapshot: Snapshot): void {
    const secs = snapshot.timeMs / 1000.0;
    const last = this.rounds.time;
    const began = this.rounds.begin(secs);
    this.anomalies = [];
    if (began == Began.Still) return;
    if (began == Began.Back) this.tasks = new Map();
    this.read(snapshot, secs - last);
    for (let i = 0; i < this.present.length; i++) {
      const task = this.present[i];
      this.leaveOutGone(task);
      const anomaly = this.judge.judge(task, this.present);
      if (anomaly != null) this.anomalies.push(anomaly);
    }
  }

  /** How many tasks are in which state. */
  census(): Metric[] {
    let learning = 0;
    let watched = 0;
    let contended = 0;
    for (let i = 0; i < this.present.length; i++) {
      if (this.present[i].contention != null) contended++;
      else if (this.present[i].history.isReady) watched++;
      else learning++;
    }
    return [
      new Metric("cpi_outlier_tasks", learning).label("state", "learning"),
      new Metric("cpi_outlier_tasks", watched).label("state", "watched"),
      new Metric("cpi_outlier_tasks", contended).label("state", "contended"),
    ];
  }

  /** All tasks are read before any is judged, because each can be a contender of any other. */
  private read(snapshot: Snapshot, secs: f64): void {
    const readings = new ReadingsOf(snapshot);
    const before = this.tasks;
    this.tasks = new Map();
    this.present = [];
    for (let i = 0; i < snapshot.ids.length; i++) {
      const id = snapshot.ids[i];
      const identity = snapshot.identities[i];
      let task = before.has(id) ? before.get(id) : new WatchedTask(id, identity, this.options);
      if (task.identity != identity) task = new WatchedTask(id, identity, this.options);
      task.read(readings.at(i), secs, this.rounds.slot);
      this.tasks.set(id, task);
      this.present.push(task);
    }
  }

  private leaveOutGone(task: WatchedTask): void {
    const contention = task.contention;
    if (contention == null) return;
    const kept: Contender[] = [];
    for (let i = 0; i < contention.contenders.length; i++) {
      if (this.tasks.has(contention.contenders[i].id)) kept.push(contention.contenders[i]);
    }
    contention.contenders = kept;
  }
}
