import { render } from "preact";
import { begin } from "./ui/account";
import { App } from "./ui/app";
import { installShell } from "./ui/install";
import { recallPreferences } from "./ui/preferences";
import { listenToLinks } from "./ui/router";
// In this order: later ones win.
import "./ui/styles/base.css";
import "./ui/styles/frame.css";
import "./ui/styles/room.css";
import "./ui/styles/writing.css";
import "./ui/styles/narrow.css";

const root = document.getElementById("app");
if (root !== null) {
  await recallPreferences();
  listenToLinks();
  render(<App />, root);
  installShell();
  await begin();
}
