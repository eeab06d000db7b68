/** A bar of progress; without a value it says that work goes on. */
export function Bar({ share, label }: { readonly share: number | undefined; readonly label: string }) {
  const percent = share === undefined ? undefined : Math.round(share * 100);
  return (
    <span
      className={`bar ${percent === undefined ? 'bar-unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent === undefined ? {} : { 'aria-valuenow': percent })}
    >
      <span style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </span>
  );
}
