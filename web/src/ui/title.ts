/** What the page is called in the browser's own lists. */

import { computed } from "@preact/signals";
import { route } from "./account";
import { listing, nameOf } from "./client";
import { t } from "./texts";

export const pageTitle = computed(() => {
  const shown = route.value;
  switch (shown.page) {
    case "room":
      return listing.value.rooms.find(({ roomId }) => roomId === shown.roomId)?.title ?? shown.roomId;
    case "direct":
      return nameOf(shown.peerUserId);
    case "settings":
      return t.value.settings;
    case "unknown":
      return t.value.unknownPage;
    case "home":
    case "login":
    case "overview":
      return t.value.overview;
  }
});
