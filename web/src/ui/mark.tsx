/** The product's sign. */
export function Mark() {
  return <img class="mark" src="/favicon.svg" alt="" width="40" height="40" />;
}
