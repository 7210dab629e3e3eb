/** Gatehouse's sign: an arch within an arch. */
export function BrandMark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden style={{ display: "block" }}>
      <rect width="32" height="32" rx="8" fill="#364fc7" />
      <g fill="none" stroke="#fff" strokeLinecap="round">
        <path d="M8 25V14a8 8 0 0 1 16 0v11" strokeWidth="3" />
        <path d="M13 25V15a3 3 0 0 1 6 0v10" strokeWidth="2.5" opacity=".75" />
      </g>
    </svg>
  );
}
