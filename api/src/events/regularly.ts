/** Does something again and again until disposed, so long after it was last done; a failure is left to the next time. */
export function doRegularly(turn: () => Promise<void>, everyMs: number): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const arm = () => {
    if (!isOver)
      timer = setTimeout(
        () =>
          void turn()
            .catch(() => {})
            .then(arm),
        everyMs,
      ).unref();
  };
  arm();
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
