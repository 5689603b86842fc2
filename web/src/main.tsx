import { render } from "preact";
import { App } from "./ui/app";
import { listenToLinks } from "./ui/router";
import { begin } from "./ui/state";
import "./ui/style.css";

const root = document.getElementById("app");
if (root !== null) {
  listenToLinks();
  begin();
  render(<App />, root);
}
