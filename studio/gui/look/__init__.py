"""How the app looks: colours, fonts, icons, and the style sheet made from them."""
