import { Runner } from "wca";

export class HelloWorldRunner extends Runner {
  async run() {
    console.log("Hello world!");
    return 0;
  }
}
