import { type CSSVariablesResolver, type MantineColorsTuple, Button, Tooltip, createTheme } from '@mantine/core';

/** Shades of the action blue; 6 is used on light, 4 on dark. */
const action: MantineColorsTuple = ['#eef3fc', '#dbe5f8', '#b5cbf2', '#a2c0f9', '#8ab4ff', '#4f7dd6', '#2f5bb7', '#274d9c', '#1f4083', '#173269'];

/** Mantine's greys of the dark scheme, from text to behind the page, in the blue-grey of ours. */
const dark: MantineColorsTuple = ['#e6eaee', '#c9d0d7', '#a3adb8', '#8a949f', '#6b7682', '#202730', '#171c22', '#0f1317', '#0b0e11', '#07090b'];

/** Mantine in our palette: one blue, 6 px corners, no shadows but on what floats. */
export const theme = createTheme({
  primaryColor: 'action',
  primaryShade: { light: 6, dark: 4 },
  colors: { action, dark },
  white: '#ffffff',
  black: '#1b1f24',
  fontFamily: 'var(--lb-font)',
  fontFamilyMonospace: 'var(--lb-mono)',
  fontSizes: { xs: '12px', sm: '14px', md: '14px', lg: '16px', xl: '20px' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({
      defaultProps: { size: 'sm' },
      vars: (_, { variant }) => ({ root: variant === undefined || variant === 'filled' ? { '--button-bg': 'var(--lb-action)', '--button-hover': 'var(--lb-action-hover)', '--button-color': 'var(--lb-on-action)' } : {} }),
    }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, withArrow: true } }),
  },
});

const shared = {
  '--mantine-color-body': 'var(--lb-bg)', '--mantine-color-text': 'var(--lb-text)', '--mantine-color-dimmed': 'var(--lb-muted)',
  '--mantine-color-placeholder': 'var(--lb-muted)', '--mantine-color-default': 'var(--lb-bg)', '--mantine-color-default-hover': 'var(--lb-surface)',
  '--mantine-color-default-color': 'var(--lb-text)', '--mantine-color-default-border': 'var(--lb-border)', '--mantine-color-anchor': 'var(--lb-action)',
  '--mantine-color-error': 'var(--lb-at-risk)', '--mantine-line-height': '1.45',
};

/** Lays our palette over Mantine's own variables, in both schemes. */
export const paletteVariables: CSSVariablesResolver = () => ({ variables: shared, light: shared, dark: shared });
