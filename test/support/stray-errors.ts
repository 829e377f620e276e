// Loaded before the agent: a storage that forgets to catch what it does on the side, in its first call.
import { LogStorage } from "../../src/storages/log.ts";

const { store } = LogStorage.prototype;
LogStorage.prototype.store = function (metrics) {
  LogStorage.prototype.store = store;
  void Promise.reject(new Error("a stray rejection"));
  setTimeout(() => {
    throw new Error("a stray exception");
  }, 20);
  return store.call(this, metrics);
};
