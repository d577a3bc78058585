//! The modules of a crate, read from its root file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::{Attribute, Item, ItemMod};

use crate::cfg::only_in_tests;
use crate::paths::{self, Named};

/// The modules of a crate by their paths from its root; the root's path is empty.
type Modules = BTreeMap<Vec<String>, Module>;

/// One module.
#[derive(Debug, Default)]
struct Module {
    /// The path from the workspace's root.
    file: String,
    named: Vec<Named>,
}

/// A crate and the dependencies between its modules.
#[derive(Debug)]
pub struct Crate {
    /// The paths of its modules: `deadlock::graph`; the root is `crate`.
    pub modules: Vec<String>,
    /// Each pair once, at the first place where it is named.
    pub arrows: Vec<Arrow>,
}

/// One module names another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The one that names.
    pub from: String,
    /// The one that is named.
    pub to: String,
    /// `file:line`.
    pub at: String,
}

/// The crate whose root file is `root`/`file`.
///
/// # Errors
///
/// A file that cannot be read or is not Rust.
pub fn crate_of(root: &Path, file: &Path) -> Result<Crate> {
    let mut modules = Modules::new();
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    read(root, file, &folder, Vec::new(), &mut modules)?;
    let mut arrows = BTreeMap::new();
    for (path, module) in &modules {
        for named in &module.named {
            let Some(to) = resolve(&modules, path, &named.segments) else { continue };
            // A file may name the module that owns it: the two are one idea in two files.
            let is_owner = !to.is_empty() && path.starts_with(&to);
            if !is_owner && to != *path {
                let at = format!("{}:{}", module.file, named.line);
                arrows.entry((shown(path), shown(&to))).or_insert(at);
            }
        }
    }
    let arrows = arrows.into_iter().map(|((from, to), at)| Arrow { from, to, at }).collect();
    Ok(Crate { modules: modules.keys().map(|path| shown(path)).collect(), arrows })
}

fn shown(path: &[String]) -> String {
    if path.is_empty() { "crate".to_owned() } else { path.join("::") }
}

/// Reads a file, and the files of the modules that it declares. Those lie in `folder`.
fn read(
    root: &Path,
    file: &Path,
    folder: &Path,
    path: Vec<String>,
    modules: &mut Modules,
) -> Result<()> {
    let text = fs::read_to_string(root.join(file))
        .with_context(|| format!("cannot read {}", file.display()))?;
    let parsed =
        syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))?;
    items(root, file, folder, path, &parsed.items, modules)
}

fn items(
    root: &Path,
    file: &Path,
    folder: &Path,
    path: Vec<String>,
    items_of_it: &[Item],
    modules: &mut Modules,
) -> Result<()> {
    for item in items_of_it {
        let Item::Mod(module) = item else { continue };
        if only_in_tests(&module.attrs) {
            continue;
        }
        let name = module.ident.to_string();
        let inside = [path.as_slice(), std::slice::from_ref(&name)].concat();
        match &module.content {
            Some((_, content)) => {
                let folder = match path_attribute(&module.attrs) {
                    Some(path) => file.parent().context("a file lies in a folder")?.join(path),
                    None => folder.join(&name),
                };
                items(root, file, &folder, inside, content, modules)?;
            }
            None => {
                let (file, folder) = file_of(root, file, folder, module)?;
                read(root, &file, &folder, inside, modules)?;
            }
        }
    }
    // Several builds may declare the same module, each in its own file.
    let module = modules.entry(path).or_default();
    module.file = file.display().to_string();
    module.named.extend(paths::named(items_of_it));
    Ok(())
}

/// Where a `mod name;` lies, and where the files of its own modules lie.
fn file_of(
    root: &Path,
    parent: &Path,
    folder: &Path,
    module: &ItemMod,
) -> Result<(PathBuf, PathBuf)> {
    let name = module.ident.to_string();
    if let Some(path) = path_attribute(&module.attrs) {
        let file = parent.parent().context("a file lies in a folder")?.join(path);
        let folder = file.with_extension("");
        return Ok((file, folder));
    }
    let flat = folder.join(format!("{name}.rs"));
    if root.join(&flat).exists() {
        return Ok((flat, folder.join(name)));
    }
    Ok((folder.join(&name).join("mod.rs"), folder.join(name)))
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(literal) = &pair.value else { return None };
        let syn::Lit::Str(text) = &literal.lit else { return None };
        pair.path.is_ident("path").then(|| text.value())
    })
}

/// The deepest module on the way that these segments go from `here`; `None` if they lead out of the
/// crate.
fn resolve(modules: &Modules, here: &[String], segments: &[String]) -> Option<Vec<String>> {
    let mut at = here.to_vec();
    let mut rest = segments;
    let mut began = false;
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
            }
            _ => break,
        }
        began = true;
        rest = after;
    }
    for segment in rest {
        at.push(segment.clone());
        if !modules.contains_key(&at) {
            at.pop();
            break;
        }
        began = true;
    }
    began.then_some(at)
}
