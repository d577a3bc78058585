//! Which builds compile a piece of source: the models', the normal one, or only the tests'.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta, Stmt, Token};

/// The builds that have an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Builds {
    /// `--cfg model`.
    pub(super) model: bool,
    /// A normal build, on some system, with some features.
    pub(super) normal: bool,
}

impl Builds {
    pub(super) const ALL: Self = Self { model: true, normal: true };

    pub(super) fn any(self) -> bool {
        self.model || self.normal
    }

    /// The builds that have it if it also has these attributes.
    pub(super) fn narrowed(self, attributes: &[Attribute]) -> Self {
        let mut builds = self;
        for attribute in attributes.iter().filter(|it| it.path().is_ident("cfg")) {
            let Ok(condition) = attribute.parse_args::<Meta>() else { continue };
            builds.model &= holds(&condition, true) != Some(false);
            builds.normal &= holds(&condition, false) != Some(false);
        }
        builds
    }
}

/// Whether a condition holds, if the build alone decides it: a feature, for example, may be on.
fn holds(condition: &Meta, model: bool) -> Option<bool> {
    match condition {
        Meta::Path(name) if name.is_ident("model") => Some(model),
        Meta::Path(name) if ["test", "tsan", "explore"].iter().any(|it| name.is_ident(it)) => {
            Some(false)
        }
        // The models are only run on Linux; the rest is for everywhere.
        Meta::NameValue(pair) if pair.path.is_ident("target_os") && model => {
            Some(text(&pair.value)? == "linux")
        }
        Meta::List(list) => {
            let parts = list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()?
                .iter()
                .map(|part| holds(part, model))
                .collect::<Vec<_>>();
            let decided_by = |decisive: bool| match parts.contains(&Some(decisive)) {
                true => Some(decisive),
                false => parts.iter().all(Option::is_some).then_some(!decisive),
            };
            match list.path.get_ident()?.to_string().as_str() {
                "not" => parts.first()?.map(|holds| !holds),
                "all" => decided_by(false),
                "any" => decided_by(true),
                _ => None,
            }
        }
        _ => None,
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// `#[path = "…"]`
pub(super) fn path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => text(&pair.value),
        _ => None,
    })
}

pub(super) fn of_item(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        _ => &[],
    }
}

pub(super) fn of_impl_item(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(it) => &it.attrs,
        ImplItem::Fn(it) => &it.attrs,
        ImplItem::Macro(it) => &it.attrs,
        _ => &[],
    }
}

pub(super) fn of_statement(statement: &Stmt) -> &[Attribute] {
    match statement {
        Stmt::Local(it) => &it.attrs,
        Stmt::Macro(it) => &it.attrs,
        Stmt::Expr(Expr::Block(it), _) => &it.attrs,
        Stmt::Expr(Expr::Call(it), _) => &it.attrs,
        Stmt::Expr(Expr::If(it), _) => &it.attrs,
        Stmt::Expr(Expr::MethodCall(it), _) => &it.attrs,
        Stmt::Expr(Expr::Return(it), _) => &it.attrs,
        _ => &[],
    }
}
