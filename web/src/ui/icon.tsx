const paths = {
  attach: "M13.5 7.2 8 12.7a3.2 3.2 0 0 1-4.6-4.5l5.7-5.7a2.1 2.1 0 0 1 3 3L6.5 11a1 1 0 0 1-1.5-1.4l5-5",
  back: "M10 3 5 8l5 5",
  close: "m4 4 8 8M12 4l-8 8",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.5h10",
  file: "M9 1.8H4.5a1 1 0 0 0-1 1v10.4a1 1 0 0 0 1 1h7a1 1 0 0 0 1-1V5.3L9 1.8ZM9 1.8v3.5h3.5",
  home: "M2.5 7.5 8 2.5l5.5 5M4 6.5v7h8v-7",
  out: "M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10.5 11l3-3-3-3M13.5 8H6.5",
  people:
    "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c.3-2.3 2-3.5 4.5-3.5s4.2 1.2 4.5 3.5M11 8a2.2 2.2 0 0 0 0-4.2M12.3 10.2c1.3.4 2 1.5 2.2 3.3",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.7 10.7 14 14",
  settings:
    "M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M10 6.3a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6ZM6 13.3a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z",
  queued: "M8 4.5V8l2.5 1.5M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z",
  sending: "M8 13V3M4 7l4-4 4 4",
  stored: "m3 8.5 3.5 3.5L13 4.5",
  seen: "m1 8.5 3.2 3.5L10 4.5M7.5 11l1 1L15 4.5",
  failed: "M8 5v3.6M8 11v.2M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z",
};

export type IconName = keyof typeof paths;

/** A sign of one line; what it stands for is said beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
