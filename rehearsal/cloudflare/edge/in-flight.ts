/** Counts requests and sockets in and out, and tells when none is left. */
export function countInFlight() {
  let inFlight = 0;
  let onDrained = () => {};
  return {
    enter: () => {
      inFlight++;
      let inside = true;
      return () => {
        if (inside && --inFlight === 0) onDrained();
        inside = false;
      };
    },
    drained: () =>
      new Promise<void>((resolve) => {
        if (inFlight === 0) resolve();
        onDrained = resolve;
      }),
  };
}
