import { VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./dashboard.module.css";

type NumberTableProps = {
  caption: string;
  heads: string[];
  rows: { key: string; cells: ReactNode[] }[];
};

/** Names on the left, numbers on the right of each column. It scrolls by itself where it does not fit. */
export function NumberTable({ caption, heads, rows }: NumberTableProps) {
  return (
    <div className={classes["scroll"]} tabIndex={0} role="region" aria-label={`${caption}, table`}>
      <table className={classes["table"]}>
        <caption>
          <VisuallyHidden>{caption}</VisuallyHidden>
        </caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells: [name, ...numbers] }) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              {numbers.map((number, index) => (
                <td key={heads[index + 1]}>{number}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
