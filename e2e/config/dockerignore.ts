/** Which paths a .dockerignore lets into a build: everything is left out (`*`), but `!/name`, without `/name/folder`. */

/** Answers for each path whether it is let in. Fails on a pattern of another form, or in another order. */
export function readIgnore(text: string): (path: string) => boolean {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const [all, ...patterns] = lines;
  if (all !== "*") throw new Error(`the first pattern is not *, but ${all ?? "none"}`);
  const letIn: string[] = [];
  const leftOut: string[] = [];
  for (const pattern of patterns) {
    if (/^!\/[\w.-]+$/.test(pattern) && leftOut.length === 0) letIn.push(pattern.slice(2));
    else if (/^(?:\/[\w.-]+)+$/.test(pattern)) leftOut.push(pattern.slice(1));
    else throw new Error(`not understood: ${pattern}`);
  }
  return (path) => {
    const isIn = (folder: string) => path === folder || path.startsWith(`${folder}/`);
    return letIn.some(isIn) && !leftOut.some(isIn);
  };
}
