import { render } from "preact";
import { App } from "./ui/app";
import { listenToLinks } from "./ui/router";
import { begin } from "./ui/state";
// In this order: later ones win.
import "./ui/styles/base.css";
import "./ui/styles/frame.css";
import "./ui/styles/room.css";
import "./ui/styles/narrow.css";

const root = document.getElementById("app");
if (root !== null) {
  listenToLinks();
  begin();
  render(<App />, root);
}
