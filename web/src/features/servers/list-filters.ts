import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";

export type ListFilters = { search: string; onlySignIn: boolean };

/** What the list of servers is narrowed to. It stands in the address, so that it can be shared and survives a reload. */
export function useListFilters(): [ListFilters, (change: Partial<ListFilters>) => void] {
  const [params, setParams] = useSearchParams();
  const filters = readFilters(params);
  return [
    filters,
    (change) =>
      setParams((present) => writeFilters(present, { ...readFilters(present), ...change }), {
        replace: true,
      }),
  ];
}

export function readFilters(params: URLSearchParams): ListFilters {
  return { search: params.get("q") ?? "", onlySignIn: params.get("show") === "sign-in" };
}

/** The address's other parameters stay. */
export function writeFilters(
  present: URLSearchParams,
  { search, onlySignIn }: ListFilters,
): URLSearchParams {
  const params = new URLSearchParams(present);
  if (search) params.set("q", search);
  else params.delete("q");
  if (onlySignIn) params.set("show", "sign-in");
  else params.delete("show");
  return params;
}

const writeAfterMs = 200;

/**
 * A text that is typed, and stands in the address once typing pauses. The address alone would not do for an input: it
 * changes a little later than the key was pressed, and keys in between would be lost.
 */
export function useTypedSearch(
  inAddress: string,
  write: (search: string) => void,
): [typed: string, type: (text: string) => void] {
  const [typed, setTyped] = useState(inAddress);
  const written = useRef(inAddress);
  const writeSoon = useDebouncedCallback((text: string) => {
    written.current = text;
    write(text);
  }, writeAfterMs);

  // The address was changed by something else: a link, or the way back.
  useEffect(() => {
    if (inAddress === written.current) return;
    written.current = inAddress;
    setTyped(inAddress);
  }, [inAddress]);

  return [
    typed,
    (text) => {
      setTyped(text);
      writeSoon(text);
    },
  ];
}
