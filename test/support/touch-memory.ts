/*
 * A program that works on a part of its memory: `touch-memory.ts ALL HOT PERIOD` has ALL megabytes and
 * writes to each page of HOT of them every PERIOD milliseconds. Says "ready" when it has them.
 */
const PAGE = 4096;
const [all = 0, hot = 0, periodMs = 0] = process.argv.slice(2).map(Number);
const memory = new Uint8Array(all << 20).fill(1);

function touch(): void {
  for (let at = 0; at < hot << 20; at += PAGE) memory[at] = (memory[at] ?? 0) + 1;
}

touch();
setInterval(touch, periodMs);
console.log("ready");
