//! The source's side: every place in `primitives/src` and `queues/src` that gives a memory
//! ordering.
//!
//! Read with a real parser, module by module from `lib.rs`, so that a place is identified by file,
//! function and operation and not by its line. That also separates code that the models never
//! compile from code that they compile and never execute.

mod cfg;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use proc_macro2::{Ident, Span};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Token};

use self::cfg::Builds;

/// A place that gives a memory ordering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The path from the workspace's root.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// `Type::function`, or `function`.
    pub(crate) function: String,
    /// `compare_exchange(Acquire, Relaxed)`.
    pub(crate) operation: String,
    /// Its number among the equal ones in the function, from 1.
    pub(crate) nth: usize,
    /// Whether the models compile it.
    pub(crate) modelled: bool,
}

/// The crates that ship.
const CRATES: [&str; 2] = ["primitives", "queues"];

/// All places in the shipped crates, in the order of their modules. Code that only tests compile is
/// left out.
pub(crate) fn scan(root: &Path) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for name in CRATES {
        let lib = PathBuf::from(name).join("src/lib.rs");
        let mut files = vec![(lib, Builds::ALL)];
        while let Some((file, builds)) = files.pop() {
            let text = fs::read_to_string(root.join(&file))
                .with_context(|| format!("cannot read {}", file.display()))?;
            let found = scan_file(&file.display().to_string(), &text, builds)?;
            places.extend(found.places);
            // In the order in which they are declared.
            for module in found.modules.into_iter().rev() {
                let inside = submodule(root, &file, &module)?;
                files.push((inside, module.builds));
            }
        }
    }
    ensure!(!places.is_empty(), "no memory ordering stands in primitives/src or queues/src");
    Ok(places)
}

/// The file of `mod name;` in the file `parent`.
fn submodule(root: &Path, parent: &Path, module: &Module) -> Result<PathBuf> {
    let folder = parent.parent().context("a file lies in a folder")?;
    if let Some(path) = &module.path {
        return Ok(folder.join(path));
    }
    let stem = parent.file_stem().unwrap_or_default();
    let folder = if stem == "lib" || stem == "mod" { folder.into() } else { folder.join(stem) };
    let (flat, nested) =
        (folder.join(format!("{}.rs", module.name)), folder.join(&module.name).join("mod.rs"));
    Ok(if root.join(&flat).exists() { flat } else { nested })
}

/// What one file holds.
#[derive(Debug, Default)]
struct Found {
    places: Vec<Place>,
    modules: Vec<Module>,
}

/// A `mod name;`.
#[derive(Debug)]
struct Module {
    name: String,
    path: Option<String>,
    builds: Builds,
}

fn scan_file(file: &str, text: &str, builds: Builds) -> Result<Found> {
    let parsed = syn::parse_file(text).with_context(|| format!("cannot parse {file}"))?;
    let mut scanner =
        Scanner { file, builds, type_name: None, function: None, found: Found::default() };
    scanner.within(&parsed.attrs, |scanner| visit::visit_file(scanner, &parsed));
    Ok(scanner.found)
}

struct Scanner<'a> {
    file: &'a str,
    /// The builds that compile the current item.
    builds: Builds,
    type_name: Option<String>,
    function: Option<String>,
    found: Found,
}

impl Scanner<'_> {
    /// Visits an item with these attributes, if any build other than the tests' has it.
    fn within(&mut self, attributes: &[Attribute], look: impl FnOnce(&mut Self)) {
        let outside = self.builds;
        self.builds = outside.narrowed(attributes);
        if self.builds.any() {
            look(self);
        }
        self.builds = outside;
    }

    fn inside_function(&mut self, name: &Ident, look: impl FnOnce(&mut Self)) {
        let name = match &self.type_name {
            Some(type_name) => format!("{type_name}::{name}"),
            None => name.to_string(),
        };
        let outside = self.function.replace(name);
        look(self);
        self.function = outside;
    }

    fn inside_type(&mut self, name: Option<String>, look: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.type_name, name);
        look(self);
        self.type_name = outside;
    }

    fn call(&mut self, name: &Ident, at: Span, arguments: &Punctuated<Expr, Token![,]>) {
        let orders: Vec<_> = arguments.iter().filter_map(ordering).collect();
        self.place(&name.to_string(), at, &orders);
    }

    /// Takes note of a call with these orderings, if there are any.
    fn place(&mut self, name: &str, at: Span, orders: &[String]) {
        if orders.is_empty() {
            return;
        }
        // A weak compare-exchange has the same orderings.
        let name = name.strip_suffix("_weak").unwrap_or(name);
        let operation = format!("{name}({})", orders.join(", "));
        let function = self.function.clone().unwrap_or_default();
        let alike = |place: &&Place| place.function == function && place.operation == operation;
        let nth = 1 + self.found.places.iter().filter(alike).count();
        let start = at.start();
        self.found.places.push(Place {
            file: self.file.to_owned(),
            line: u32::try_from(start.line).unwrap_or(u32::MAX),
            column: u32::try_from(start.column + 1).unwrap_or(u32::MAX),
            function,
            operation,
            nth,
            modelled: self.builds.model,
        });
    }
}

/// The ordering that an argument is, if it is one by name.
fn ordering(argument: &Expr) -> Option<String> {
    let Expr::Path(path) = argument else { return None };
    let name = path.path.segments.last()?.ident.to_string();
    is_ordering(&name).then_some(name)
}

fn is_ordering(name: &str) -> bool {
    ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"].contains(&name)
}

impl<'ast> Visit<'ast> for Scanner<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.within(cfg::of_item(item), |scanner| visit::visit_item(scanner, item));
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        self.within(cfg::of_impl_item(item), |scanner| visit::visit_impl_item(scanner, item));
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        self.within(cfg::of_statement(statement), |scanner| visit::visit_stmt(scanner, statement));
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_some() {
            return visit::visit_item_mod(self, module);
        }
        let name = module.ident.to_string();
        self.found.modules.push(Module {
            name,
            path: cfg::path(&module.attrs),
            builds: self.builds,
        });
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        self.inside_type(name, |scanner| visit::visit_item_impl(scanner, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let name = Some(item.ident.to_string());
        self.inside_type(name, |scanner| visit::visit_item_trait(scanner, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.inside_function(&item.sig.ident, |scanner| visit::visit_item_fn(scanner, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.inside_function(&item.sig.ident, |scanner| visit::visit_impl_item_fn(scanner, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.inside_function(&item.sig.ident, |scanner| visit::visit_trait_item_fn(scanner, item));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.call(&call.method, call.method.span(), &call.args);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && let (Some(first), Some(last)) =
                (path.path.segments.first(), path.path.segments.last())
        {
            self.call(&last.ident, first.ident.span(), &call.args);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Vec<Place> {
        scan_file("x.rs", text, Builds::ALL).unwrap().places
    }

    fn told(text: &str) -> Vec<String> {
        let tell = |place: Place| {
            let Place { line, column, function, operation, nth, modelled, .. } = place;
            let modelled = if modelled { "" } else { " unmodelled" };
            format!("{line}:{column} {function} {operation} {nth}{modelled}")
        };
        scanned(text).into_iter().map(tell).collect()
    }

    #[test]
    fn a_place_is_known_by_function_operation_and_number() {
        let text = "
impl<T> Door<T> {
    fn open(&self) {
        self.word.load(Acquire);
        let looks = || self.word.load(Ordering::Acquire);
        self.word.compare_exchange_weak(0, f(1), Release, Relaxed);
    }
}
fn close() { fence(SeqCst); atomic::fence(SeqCst) }";
        assert_eq!(
            told(text),
            [
                "4:19 Door::open load(Acquire) 1",
                "5:34 Door::open load(Acquire) 2",
                "6:19 Door::open compare_exchange(Release, Relaxed) 1",
                "9:14 close fence(SeqCst) 1",
                "9:29 close fence(SeqCst) 2",
            ],
        );
    }

    #[test]
    fn what_stands_in_a_macro_is_found() {
        let text = "
fn f() { assert_eq!(self.word.load(Acquire), g(&[w.swap(1, Release)])); }
const_fn! { pub const fn new() -> Self { fence(AcqRel); } }
struct NotAnOrdering { acquire: Acquire }
";
        assert_eq!(
            told(text),
            ["2:31 f load(Acquire) 1", "2:52 f swap(Release) 1", "3:42 new fence(AcqRel) 1"],
        );
    }

    #[test]
    fn builds_are_told_apart() {
        let text = "
fn both() { w.load(Acquire); #[cfg(not(model))] w.load(Relaxed); }
#[cfg(model)] fn model() { w.load(Acquire); }
#[cfg(all(not(model), target_os = \"linux\"))] fn real() { w.load(Acquire); }
#[cfg(test)] mod tests { fn t() { w.load(Acquire); } }
#[cfg(all(test, not(model)))] fn t() { w.load(Acquire); }
#[cfg(any(test, model))] impl X { fn shown() { w.load(Acquire); } }";
        assert_eq!(
            told(text),
            [
                "2:15 both load(Acquire) 1",
                "2:51 both load(Relaxed) 1 unmodelled",
                "3:30 model load(Acquire) 1",
                "4:60 real load(Acquire) 1 unmodelled",
                "7:50 X::shown load(Acquire) 1",
            ],
        );
    }

    #[test]
    fn modules_lie_where_rust_looks_for_them() {
        let root = Path::new("/nowhere");
        let file = |parent: &str, path: Option<&str>| {
            let module =
                Module { name: "m".into(), path: path.map(str::to_owned), builds: Builds::ALL };
            submodule(root, Path::new(parent), &module).unwrap().display().to_string()
        };
        assert_eq!(file("p/src/park.rs", Some("park/linux.rs")), "p/src/park/linux.rs");
        // Neither file exists here, so this names the older form.
        assert_eq!(file("p/src/lib.rs", None), "p/src/m/mod.rs");
        assert_eq!(file("p/src/lock.rs", None), "p/src/lock/m/mod.rs");
    }

    #[test]
    fn the_crates_that_ship_are_read_whole() {
        let places = scan(&crate::root()).unwrap();
        let has = |file: &str, modelled: bool| {
            places.iter().any(|place| place.file == file && place.modelled == modelled)
        };
        assert!(has("primitives/src/lock.rs", true));
        assert!(has("queues/src/ring/event_count.rs", true));
        assert!(has("primitives/src/futex/apple.rs", false));
        assert!(places.iter().all(|place| !place.file.contains("/tests")));
    }
}
