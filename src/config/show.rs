//! A configuration as the file that would make it, with the origin of every value.

use crate::config::Effective;
use crate::config::load::variable_of;

impl Effective {
    /// TOML. Fields without a value stand in comments; passwords are masked.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut config = self.config.clone();
        let fields = config.fields();
        let lines = fields.iter().map(|field| {
            let name = field.key.split_once('.').map_or(field.key, |(_, name)| name);
            match field.slot.show() {
                Some(value) => (field, format!("{name} = {value}")),
                None => (field, format!("# {name} = ")),
            }
        });
        let lines: Vec<_> = lines.collect();
        let width = lines.iter().map(|(_, line)| line.chars().count()).max().unwrap_or(0);
        let (mut text, mut table) = (String::new(), "");
        for (field, line) in &lines {
            if let Some((of, _)) = field.key.split_once('.')
                && of != table
            {
                table = of;
                text.push_str(&format!("\n[{table}]\n"));
            }
            text.push_str(&format!("{line:width$}  # {}\n", self.origin(field.key)));
        }
        text
    }

    /// Every field with its variable and what it is, as a table in Markdown.
    #[must_use]
    pub fn table() -> String {
        let mut text = "| field | variable | default | |\n|---|---|---|---|\n".to_owned();
        let mut config = crate::config::Config::default();
        for field in config.fields() {
            let value = field.slot.show().map(|value| format!("`{value}`")).unwrap_or_default();
            let (key, variable, help) = (field.key, variable_of(field.key), field.help);
            text.push_str(&format!("| `{key}` | `{variable}` | {value} | {help} |\n"));
        }
        text
    }
}
