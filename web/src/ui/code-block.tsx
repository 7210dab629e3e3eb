import classes from "./code-block.module.css";

/** Text as it came, in a box that scrolls and can be reached by keyboard. */
export function CodeBlock({ label, text }: { label: string; text: string }) {
  return (
    <pre className={classes["block"]} tabIndex={0} aria-label={label} role="region">
      {text}
    </pre>
  );
}
