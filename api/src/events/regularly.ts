/**
 * Repeats an action until disposed, with this time between the end of one run and the start of the
 * next. After a failure the next run tries again.
 */
export function doRegularly(task: () => Promise<void>, everyMs: number): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const arm = () => {
    if (!isOver)
      timer = setTimeout(
        () =>
          void task()
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
