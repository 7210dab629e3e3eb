import { Skeleton, VisuallyHidden } from "@mantine/core";

/** The shape of a list that is on its way. */
export function RowsSkeleton({ rows, label }: { rows: number; label: string }) {
  return (
    <div className="panel rows" aria-busy="true">
      <VisuallyHidden>{label}</VisuallyHidden>
      {Array.from({ length: rows }, (_, index) => (
        <div
          key={index}
          style={{ display: "flex", gap: 14, alignItems: "center", padding: "14px 16px" }}
        >
          <Skeleton height={36} width={36} radius={9} />
          <div style={{ flex: 1 }}>
            <Skeleton height={12} width="30%" mb={10} />
            <Skeleton height={10} width="50%" />
          </div>
          <Skeleton height={24} width={96} radius="xl" />
        </div>
      ))}
    </div>
  );
}
