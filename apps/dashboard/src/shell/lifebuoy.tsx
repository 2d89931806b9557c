/** The mark of the product, in the colour of the text around it. */
export function Lifebuoy() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" fill="none" stroke="currentColor">
      <circle cx="9" cy="9" r="6" strokeWidth="4.4" opacity="0.28" />
      <circle cx="9" cy="9" r="6" strokeWidth="4.4" strokeDasharray="4.71 4.71" strokeDashoffset="2.36" />
    </svg>
  );
}
